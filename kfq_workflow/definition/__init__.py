"""Workflow definitions: the model, the document that people write, the canonical form, the linter, the diagram."""
