"""The questions that the dashboard and the command line ask of the store, one module a question."""
