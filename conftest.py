"""What every test may ask for, and what makes all of them quick."""

pytest_plugins = [
    "tests.cast",
    "tests.databases",
    "tests.emptying",
    "tests.language",
    "tests.memory",
    "tests.merger",
    "tests.passwords",
    "tests.static_files",
]
