// From a signing request to a certificate: order, place what is asked for, say so, and look until it is decided.

import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";

import type { Client } from "./client.js";
import {
  ConfirmChallengesDocument,
  OrderByIdDocument,
  OrderCertificateDocument,
  type OrderByIdQuery,
  type OrderNoticesQuery,
  type OrderProgressFragment,
  type OrderState,
} from "./generated.js";
import { done, explainAuthority, present } from "./problems.js";

const LOOK_EVERY_MILLISECONDS = 500;
const LOOKS = 240;

export type Notices = NonNullable<OrderNoticesQuery["orderNotices"]>;
export type CompleteOrder = Extract<OrderByIdQuery["node"], { __typename: "Order" }>;

/** Order by dns-01. The idempotency key makes a second sending of the same request harmless. */
export async function placeOrder(client: Client, csr: string, notices: Notices): Promise<OrderProgressFragment> {
  const { orderCertificate } = await client.ask(OrderCertificateDocument, {
    input: {
      csr,
      challengeType: "DNS_01",
      ctAcknowledged: true,
      ctNoticeVersion: notices.certificateTransparency.version,
      caNoticeAcknowledged: true,
      caNoticeVersion: notices.certificateAuthority.version,
      idempotencyKey: randomUUID(),
    },
  });
  return present("The order", done("The order was not placed", orderCertificate).order);
}

/** Say that the records are in place; the certificate authority looks at them now. */
export async function confirm(client: Client, order: OrderProgressFragment): Promise<void> {
  const { confirmChallenges } = await client.ask(ConfirmChallengesDocument, { orderId: order.id });
  done("Validation was not started", confirmChallenges);
}

/** The TXT records that prove control of the names: name and text. */
export function recordsToPlace(order: OrderProgressFragment): [name: string, text: string][] {
  return order.authorizations
    .flatMap((authorization) => authorization.challenges)
    .flatMap(({ dnsName, dnsValue }) => (dnsName && dnsValue ? [[dnsName, dnsValue]] : []));
}

/** Look at the order until it is past these states; a refused order throws with the authority's reasons. */
export async function until(client: Client, id: string, passing: ReadonlySet<OrderState>): Promise<CompleteOrder> {
  for (let look = 0; look < LOOKS; look += 1) {
    const { node } = await client.ask(OrderByIdDocument, { id });
    if (node?.__typename !== "Order") throw new Error("The order is not there any more.");
    if (node.state === "INVALID") throw new Error(`No certificate. ${reasons(node)}`);
    if (!passing.has(node.state)) return node;
    await wait(LOOK_EVERY_MILLISECONDS);
  }
  throw new Error("The order is still under way; it goes on by itself, and a later look will find it.");
}

function reasons(order: OrderProgressFragment): string {
  const challenges = order.authorizations.flatMap((authorization) => authorization.challenges);
  const problems = [order.problem, ...challenges.map((challenge) => challenge.problem)];
  return problems.flatMap((problem) => (problem ? [explainAuthority(problem)] : [])).join(" ");
}
