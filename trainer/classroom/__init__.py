"""Classes: who has joined, the digits they drew, the teacher's settings, polls, and the score of their networks."""
