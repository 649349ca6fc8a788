"""Class page: joining, the ten digits of a member, and what a member sees of the class."""
