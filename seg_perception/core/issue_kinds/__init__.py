"""The catalogue of what can be amiss: code and documentation read it alike.

The reference page makes its tables of it, `IssueLog` its sentences.
"""
