"""The GraphQL benchmark: this product beside other ways to answer the same questions from the same rows."""
