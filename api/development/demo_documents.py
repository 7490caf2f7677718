"""The GraphQL documents that the demo's frontend and its officer send."""

from __future__ import annotations

from typing import Final

SIGN_UP: Final = """
mutation SignUp($email: String!, $password: String!) {
  signUp(input: { email: $email, password: $password, ageStatement: true }) { errors { code message } }
}
"""
VERIFY: Final = """
mutation Verify($link: String!) { verifyEmail(input: { linkToken: $link }) { errors { code message } } }
"""
SIGN_IN: Final = """
mutation SignIn($email: String!, $password: String!) {
  signIn(input: { email: $email, password: $password }) { errors { code message } }
}
"""
ENROLMENT: Final = """
mutation MakeApiToken {
  createApiToken(input: { name: "Enrol my server", scopes: ["agents:enrol"], expiresInDays: 1 }) {
    apiToken { hint scopes }
    secret
    errors { code message }
  }
}
"""
ADD_DOMAIN: Final = """
mutation AddDomain($name: String!) {
  addDomain(input: { name: $name }) { domain { id name } errors { code message } }
}
"""
RESULT: Final = """
query Result {
  me {
    certificates(first: 1) {
      edges {
        node {
          names serialNumber issuerName notBefore notAfter fingerprintSha256
          installations { targetName fingerprintSha256 reportedAt }
        }
      }
    }
    orders(first: 1) { edges { node { state disclosures { recipient fields names purpose at } } } }
  }
}
"""
AUDIT: Final = """
query Audit {
  auditEvents(first: 100) {
    totalCount
    edges { node { at kind actorRole operation outcome purposes categories coordinates clauses } }
  }
}
"""
