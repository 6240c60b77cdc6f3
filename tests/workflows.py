"""A small workflow for tests, built in Python: a permit with a survey beside it, and a case of it."""

from __future__ import annotations

from kfq_workflow.definition import model as m


def permit(**changes: object) -> m.Definition:
    """A permit: draft → review → granted, suspended and resumed; a survey runs while it is in review or granted."""
    parts: dict[str, object] = {
        "name": "permit",
        "version": 1,
        "regions": {
            "main": m.Region(
                "main",
                "draft",
                {
                    "draft": m.State("draft", "asking"),
                    "review": m.State("review", "asking"),
                    "granted": m.State("granted", "running"),
                    "suspended": m.State("suspended", "running"),
                    "refused": m.State("refused", "over", terminal=True),
                },
            ),
            "survey": m.Region(
                "survey",
                "none",
                {
                    "none": m.State("none"),
                    "done": m.State("done"),
                    "unknown": m.State("unknown", adopt_only=True),
                },
                {"main": frozenset({"review", "granted"})},
            ),
        },
        "transitions": (
            move("submit", "draft", "review", roles=("applicant",), papers=("request",)),
            move("comment", "review", m.Target("same"), roles=("clerk", "authority")),
            move("grant", "review", "granted", roles=("authority",), guards=("survey_done",)),
            move("refuse", "review", "refused", roles=("authority",), papers=("notice",)),
            m.Transition(
                "suspend",
                "suspend",
                "main",
                ("review", "granted"),
                m.Target("state", "suspended"),
                ("authority",),
                remembers=True,
            ),
            move("resume", "suspended", m.Target("left", "suspend"), roles=("authority",)),
            m.Transition("survey", "survey", "survey", ("none", "unknown"), m.Target("state", "done"), ("clerk",)),
            m.Transition("undo", "undo", "survey", ("done",), m.Target("state", "none"), ("clerk",)),
        ),
        "permissions": m.Permissions(start=frozenset({"applicant", "registrar"})),
        "roles": frozenset({"applicant", "clerk", "authority", "registrar"}),
        "papers": frozenset({"request", "notice"}),
        "phases": ("asking", "running", "over"),
        "open_phases": frozenset({"running"}),
        "attributes": {"area": m.Field("area", "decimal"), "owner": m.Field("owner", "text", personal=True)},
        "guards": {"survey_done": m.InStates("survey", frozenset({"done"}))},
        "labels": {
            ("state", "main=review"): m.Label("审查中", "under review"),
            ("role", "authority"): m.Label("主管部门", "authority"),
            ("trigger", "grant"): m.Label("批准", "grant the permit"),
        },
    }
    return m.Definition(**(parts | changes))  # type: ignore[arg-type]


def move(
    trigger: str, source: str, target: str | m.Target, *, roles: tuple[str, ...], name: str = "", **more: object
) -> m.Transition:
    """A transition of `main` from one state."""
    to = target if isinstance(target, m.Target) else m.Target("state", target)
    return m.Transition(name or trigger, trigger, "main", (source,), to, roles, **more)  # type: ignore[arg-type]
