"""Orders, certificates, notices, disclosures and agents: the state machine of `api.issuance`, stored and told of."""
