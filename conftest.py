"""What every test may ask for."""

pytest_plugins = ["tests.cast", "tests.emptying", "tests.merger", "tests.static_files"]
