"""The report for people: Markdown, HTML, a terminal. These modules read a report, never decide.

`view` reads a report once: which datasets, columns and findings, in which order, in which words
(`verdict`, `columns`, `streams`, `words`). The writers for Markdown, HTML and the terminal only put
that down.

What belongs here: wording, number formats, escaping, order and length. What does not: figures that
are not in the report, reading files, and anything that knows where the output goes.
"""
