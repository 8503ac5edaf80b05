"""Public reports counted beforehand, by map cell, category, status and month: exact at every moment, whatever the size of the table.

A trigger writes each change to a table of deltas, in the transaction of the change. Readers add folded counts and deltas in one statement;
a job folds the deltas into the counts every few seconds. docs/adr/0020 says why it is so.
"""
