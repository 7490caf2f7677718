// E, PostGraphile 5 as its documentation sets it up: the Amber preset, Grafserv on Node's own HTTP server, one process.
//
//   node server.mjs ADDRESS CALLERS PORT
//
// Added by extendSchema: fields under the names of the other schema, planned by Grafast like PostGraphile's own. The
// viewer comes from a dictionary; without pgSettings no request needs a transaction.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { pgUpdateSingle, TYPES } from "postgraphile/@dataplan/pg";
import { makePgService } from "postgraphile/adaptors/pg";
import { connection, constant, context, object } from "postgraphile/grafast";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { extendSchema } from "postgraphile/utils";

const [connectionString, callersFile, port] = process.argv.slice(2);
const callers = JSON.parse(readFileSync(callersFile, "utf8"));
const CONNECTIONS = 16;

// PostGraphile itself adds `first` and `after` to every field that returns a connection.
function pageOf($rows) {
  $rows.orderBy({ attribute: "id", direction: "DESC" });
  $rows.setOrderIsUnique();
  return connection($rows);
}

const SameNames = extendSchema((build) => {
  const { sql } = build;
  const { account, certificate, domain } = build.pgResources;
  return {
    typeDefs: `
      type Problem { code: String! }
      type AccountPayload { account: Account errors: [Problem!]! }
      input UpdateSettingsInput { displayName: String! }
      extend type Query { me: Account }
      extend type Account {
        domains: DomainConnection!
        certificates(expiringBefore: Datetime!): CertificateConnection!
      }
      extend type Domain { certificates: CertificateConnection! }
      extend type Certificate { domains: [Domain!]! }
      extend type Mutation { updateSettings(input: UpdateSettingsInput!): AccountPayload! }
    `,
    objects: {
      Query: {
        plans: {
          me: () => account.get({ id: context().get("accountId") }),
        },
      },
      Account: {
        plans: {
          domains($account) {
            return pageOf(domain.find({ account_id: $account.get("id") }));
          },
          certificates($account, fieldArgs) {
            const $rows = certificate.find({ account_id: $account.get("id") });
            const before = $rows.placeholder(fieldArgs.getRaw("expiringBefore"), TYPES.timestamptz);
            $rows.where(sql`${$rows}.not_after < ${before} and ${$rows}.revoked_at is null`);
            return pageOf($rows);
          },
        },
      },
      Domain: {
        plans: {
          certificates($domain) {
            const $rows = certificate.find({ account_id: $domain.get("account_id") });
            const name = $rows.placeholder($domain.get("name"), TYPES.text);
            $rows.where(
              sql`${$rows}.id in (select n.certificate_id from certificate_name n where n.account_id = ${$rows}.account_id and n.name = ${name})`,
            );
            return pageOf($rows);
          },
        },
      },
      Certificate: {
        plans: {
          domains($certificate) {
            const $rows = domain.find({ account_id: $certificate.get("account_id") });
            const names = $rows.placeholder($certificate.get("names"));
            $rows.where(sql`${$rows}.name = any(${names})`);
            $rows.orderBy({ attribute: "name", direction: "ASC" });
            return $rows;
          },
        },
      },
      Mutation: {
        plans: {
          updateSettings(_, fieldArgs) {
            const $row = pgUpdateSingle(
              account,
              { id: context().get("accountId") },
              { display_name: fieldArgs.getRaw(["input", "displayName"]) },
            );
            return object({ account: $row, errors: constant([]) });
          },
        },
      },
    },
  };
});

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [SameNames],
  pgServices: [makePgService({ connectionString, schemas: ["public"], poolConfig: { max: CONNECTIONS } })],
  grafast: {
    context(requestContext) {
      const { authorization = "" } = requestContext.node?.req.headers ?? {};
      return { accountId: callers[authorization.replace(/^Bearer /, "")] };
    },
  },
  grafserv: { graphqlPath: "/graphql", graphiql: false, websockets: false, watch: false },
};

const instance = postgraphile(preset).createServ(grafserv);
const server = createServer();
await instance.addTo(server);
server.keepAliveTimeout = 0;
server.listen(Number(port), "127.0.0.1");
