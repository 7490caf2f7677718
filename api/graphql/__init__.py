"""The GraphQL schema: types over rows, mutations over services, and nothing that another room should know."""
