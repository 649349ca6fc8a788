"""Classes: who has joined, the digits they drew, the teacher's settings, bets, and the score of their networks."""
