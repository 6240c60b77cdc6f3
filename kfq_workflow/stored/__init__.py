"""What is stored: tables and triggers, their revisions, the SQL of an act, and where a log is read from."""
