"""Class page: opening a class, the teacher's view, the board and the projector, and what a member sees."""
