"""Parts of the documentation that repeat the code, written from it: a module for each subject."""
