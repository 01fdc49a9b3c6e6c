"""A schema put to a table: the questions, their answers, and examples of what fails."""
