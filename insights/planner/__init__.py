"""The planner's workbench: a query as data, one statement, its answer."""
