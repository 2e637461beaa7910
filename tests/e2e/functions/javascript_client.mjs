// What AWS's SDK for JavaScript sees of lamb, when nothing but AWS_… is set. Prints one document; the tests read it.
//
//   node javascript_client.mjs FUNCTION.zip LAYER.zip RUNTIME
import { readFileSync } from "node:fs";
import * as iam from "@aws-sdk/client-iam";
import * as kms from "@aws-sdk/client-kms";
import * as lambda from "@aws-sdk/client-lambda";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as sns from "@aws-sdk/client-sns";
import * as sqs from "@aws-sdk/client-sqs";
import * as sts from "@aws-sdk/client-sts";

const [zip, layer, runtime] = process.argv.slice(2);
const FunctionName = "javascript";
const aws = new lambda.LambdaClient({});
const pace = { client: aws, minDelay: 0.05, maxDelay: 0.05, maxWaitTime: 60 };
const told = {};

const send = (name, input = {}, client = aws) => client.send(new lambda[`${name}Command`](input));
const text = (bytes) => new TextDecoder().decode(bytes);

/** How the SDK reports a refusal: by class, name, text and status. */
async function refused(promise, type) {
  try {
    await promise;
  } catch (error) {
    const { name, message, $metadata } = error;
    return { instance: error instanceof type, name, message, status: $metadata?.httpStatusCode, of: error };
  }
  return { instance: false };
}

async function create() {
  const made = await send("CreateFunction", {
    FunctionName,
    Role: "arn:aws:iam::123456789012:role/r",
    Runtime: runtime,
    Handler: "app.handler",
    Code: { ZipFile: readFileSync(zip) },
    Environment: { Variables: { COLOUR: "red" } },
    Tags: { team: "blue" },
  });
  const active = await lambda.waitUntilFunctionActiveV2(pace, { FunctionName });
  const found = await send("GetFunction", { FunctionName });
  const code = await fetch(found.Code.Location);
  told.created = {
    state: made.State,
    waited: active.state,
    active: found.Configuration.State,
    tags: found.Tags,
    variables: found.Configuration.Environment.Variables,
    code: Buffer.from(await code.arrayBuffer()).equals(readFileSync(zip)),
    day: made.LastModified.slice(0, 4) === String(new Date().getFullYear()),
  };
}

async function invoke() {
  const ask = async (payload, more = {}) => {
    const answer = await send("Invoke", { FunctionName, Payload: JSON.stringify(payload), ...more });
    const { StatusCode, FunctionError, ExecutedVersion, LogResult, Payload } = answer;
    const tail = LogResult && Buffer.from(LogResult, "base64").toString();
    return { StatusCode, FunctionError, ExecutedVersion, tail, text: Payload ? text(Payload) : undefined };
  };
  const context = Buffer.from(JSON.stringify({ custom: { from: "node" } })).toString("base64");
  told.invoked = {
    plain: await ask({ n: 1, "ü": "→" }),
    tail: await ask({ n: 2 }, { LogType: "Tail" }),
    context: await ask({ say: "context" }, { ClientContext: context }),
    failed: await ask({ fail: "because" }),
    event: await ask({ n: 3 }, { InvocationType: "Event" }),
    dry: await ask({ n: 4 }, { InvocationType: "DryRun" }),
  };
}

async function stream() {
  const ask = async (payload) => {
    const input = { FunctionName, Payload: JSON.stringify(payload), LogType: "Tail" };
    const { StatusCode, EventStream, ResponseStreamContentType } = await send("InvokeWithResponseStream", input);
    const got = { StatusCode, type: ResponseStreamContentType, text: "", complete: null };
    for await (const event of EventStream) {
      if (event.PayloadChunk) got.text += text(event.PayloadChunk.Payload);
      if (event.InvokeComplete) got.complete = event.InvokeComplete;
    }
    return got;
  };
  told.streamed = { plain: await ask({ n: 5 }), failed: await ask({ fail: "mid-way" }) };
}

async function versions() {
  const one = await send("PublishVersion", { FunctionName });
  await lambda.waitUntilPublishedVersionActive(pace, { FunctionName, Qualifier: one.Version });
  await send("UpdateFunctionConfiguration", { FunctionName, MemorySize: 256 });
  const updated = await lambda.waitUntilFunctionUpdatedV2(pace, { FunctionName });
  const two = await send("PublishVersion", { FunctionName, Description: "two" });
  const RoutingConfig = { AdditionalVersionWeights: { [two.Version]: 0.25 } };
  const live = await send("CreateAlias", { FunctionName, Name: "live", FunctionVersion: "1", RoutingConfig });
  for (const Name of ["a", "b"]) await send("CreateAlias", { FunctionName, Name, FunctionVersion: "2" });
  const cleared = { FunctionName, Name: "live", RoutingConfig: { AdditionalVersionWeights: {} } };
  const moved = await send("UpdateAlias", { ...cleared, FunctionVersion: "2", RevisionId: live.RevisionId });
  const run = await send("Invoke", { FunctionName, Qualifier: "live", Payload: "{}" });
  told.versions = {
    waited: updated.state,
    published: [one.Version, two.Version, two.Description],
    weights: live.RoutingConfig.AdditionalVersionWeights,
    moved: [moved.FunctionVersion, moved.RoutingConfig ?? null],
    executed: run.ExecutedVersion,
  };
}

async function pages() {
  const walk = async (paginator, input, names) => {
    const found = [];
    for await (const page of paginator({ client: aws, pageSize: 1 }, input)) found.push(names(page));
    return found.filter((page) => page.length);
  };
  told.pages = {
    functions: await walk(lambda.paginateListFunctions, {}, (p) => p.Functions.map((f) => f.FunctionName)),
    aliases: await walk(lambda.paginateListAliases, { FunctionName }, (p) => p.Aliases.map((a) => a.Name)),
    versions: await walk(lambda.paginateListVersionsByFunction, { FunctionName }, (p) =>
      p.Versions.map((v) => v.Version),
    ),
  };
}

async function errors() {
  const once = new lambda.LambdaClient({ maxAttempts: 1 });
  const missing = await refused(send("GetFunction", { FunctionName: "nobody" }), lambda.ResourceNotFoundException);
  const again = { FunctionName, Name: "live", FunctionVersion: "1" };
  const taken = await refused(send("CreateAlias", again), lambda.ResourceConflictException);
  const empty = { FunctionName, ZipFile: new Uint8Array([1, 2, 3]) };
  const unusable = await refused(send("UpdateFunctionCode", empty), lambda.InvalidParameterValueException);
  const much = { FunctionName, MemorySize: 99_999_999 };
  const invalid = await refused(send("UpdateFunctionConfiguration", much), lambda.LambdaServiceException);
  const stale = { FunctionName, RevisionId: "7f3a2c81-9c7e-4c1b-8c55-0d3a52f0a7b1" };
  const changed = await refused(send("PublishVersion", stale), lambda.PreconditionFailedException);
  await send("PutFunctionConcurrency", { FunctionName, ReservedConcurrentExecutions: 0 });
  const many = await refused(send("Invoke", { FunctionName }, once), lambda.TooManyRequestsException);
  await send("DeleteFunctionConcurrency", { FunctionName });
  const unsigned = new lambda.LambdaClient({
    credentials: { accessKeyId: process.env.AWS_ACCESS_KEY_ID, secretAccessKey: "wrong" },
  });
  const strange = await refused(send("ListFunctions", {}, unsigned), lambda.LambdaServiceException);
  const json = { FunctionName, Payload: "{" };
  const broken = await refused(send("Invoke", json), lambda.InvalidRequestContentException);
  const { Reason, Type } = many.of;
  told.throttled = { Reason, Type, retryAfter: many.of.retryAfterSeconds };
  told.errors = { missing, taken, unusable, invalid, changed, many, strange, broken };
  for (const error of Object.values(told.errors)) delete error.of;
}

async function attach() {
  const content = { ZipFile: readFileSync(layer) };
  const published = await send("PublishLayerVersion", { LayerName: "shared", Content: content });
  await send("UpdateFunctionConfiguration", { FunctionName, Layers: [published.LayerVersionArn] });
  await lambda.waitUntilFunctionUpdatedV2(pace, { FunctionName });
  const seen = await send("Invoke", { FunctionName, Payload: JSON.stringify({ say: "layer" }) });
  const cors = { AllowOrigins: ["https://shop.example"], AllowMethods: ["GET"], MaxAge: 60 };
  const url = await send("CreateFunctionUrlConfig", { FunctionName, AuthType: "NONE", Cors: cors });
  const asked = await send("GetFunctionUrlConfig", { FunctionName });
  const statement = { StatementId: "s3", Action: "lambda:InvokeFunction", Principal: "s3.amazonaws.com" };
  await send("AddPermission", { FunctionName, ...statement, SourceArn: "arn:aws:s3:::b" });
  const policy = JSON.parse((await send("GetPolicy", { FunctionName })).Policy);
  const Resource = asked.FunctionArn;
  await send("TagResource", { Resource, Tags: { stage: "test" } });
  await send("UntagResource", { Resource, TagKeys: ["team"] });
  told.attached = {
    layer: JSON.parse(text(seen.Payload)),
    url: [asked.FunctionUrl === url.FunctionUrl, asked.AuthType, asked.Cors, asked.InvokeMode],
    policy: policy.Statement[0].Condition,
    tags: (await send("ListTags", { Resource })).Tags,
    limits: (await send("GetAccountSettings")).AccountLimit.CodeSizeUnzipped,
  };
}

async function map() {
  const queues = new sqs.SQSClient({});
  const { QueueUrl } = await queues.send(new sqs.CreateQueueCommand({ QueueName: "orders" }));
  const asked = { QueueUrl, AttributeNames: ["QueueArn"] };
  const { QueueArn } = (await queues.send(new sqs.GetQueueAttributesCommand(asked))).Attributes;
  const input = { FunctionName, EventSourceArn: QueueArn, Enabled: false, BatchSize: 5 };
  const made = await send("CreateEventSourceMapping", input);
  const listed = await send("ListEventSourceMappings", { EventSourceArn: QueueArn });
  const unknown = { UUID: "11111111-1111-4111-8111-111111111111" };
  const missing = await refused(send("GetEventSourceMapping", unknown), lambda.ResourceNotFoundException);
  delete missing.of;
  const since = Math.abs(Date.now() - made.LastModified.getTime());
  told.mapped = {
    state: made.State,
    batch: made.BatchSize,
    recent: since < 600_000,
    listed: listed.EventSourceMappings.map((mapping) => mapping.UUID === made.UUID),
    missing,
  };
  const topics = new sns.SNSClient({});
  const { TopicArn } = await topics.send(new sns.CreateTopicCommand({ Name: "news" }));
  const Attributes = { RawMessageDelivery: "true" };
  const to = { TopicArn, Protocol: "sqs", Endpoint: QueueArn, Attributes };
  await topics.send(new sns.SubscribeCommand(to));
  await topics.send(new sns.PublishCommand({ TopicArn, Message: "grün" }));
  await queues.send(new sqs.SendMessageCommand({ QueueUrl, MessageBody: "rot" }));
  const bodies = [];
  while (bodies.length < 2) {
    const receive = { QueueUrl, WaitTimeSeconds: 5, MaxNumberOfMessages: 10 };
    const { Messages } = await queues.send(new sqs.ReceiveMessageCommand(receive));
    bodies.push(...Messages.map((message) => message.Body));
  }
  const nothing = { QueueUrl: QueueUrl.replace("orders", "nothing"), MessageBody: "x" };
  const gone = await refused(queues.send(new sqs.SendMessageCommand(nothing)), sqs.QueueDoesNotExist);
  told.messages = { bodies: bodies.sort(), gone: [gone.instance, gone.name] };
}

async function neighbours() {
  const identity = await new sts.STSClient({}).send(new sts.GetCallerIdentityCommand({}));
  const keys = new kms.KMSClient({});
  const { KeyMetadata } = await keys.send(new kms.CreateKeyCommand({}));
  const secret = { KeyId: KeyMetadata.KeyId, Plaintext: Buffer.from("secret") };
  const { CiphertextBlob } = await keys.send(new kms.EncryptCommand(secret));
  const opened = await keys.send(new kms.DecryptCommand({ CiphertextBlob }));
  const damaged = new kms.DecryptCommand({ CiphertextBlob: CiphertextBlob.slice(5) });
  const refusal = await refused(keys.send(damaged), kms.InvalidCiphertextException);
  const roles = new iam.IAMClient({});
  const role = { RoleName: "javascript", AssumeRolePolicyDocument: JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
  }) };
  const made = await roles.send(new iam.CreateRoleCommand(role));
  const nobody = roles.send(new iam.GetRoleCommand({ RoleName: "nobody" }));
  const missing = await refused(nobody, iam.NoSuchEntityException);
  const group = { logGroupName: `/aws/lambda/${FunctionName}`, filterPattern: '"says hello"' };
  const { events } = await new logs.CloudWatchLogsClient({}).send(new logs.FilterLogEventsCommand(group));
  told.neighbours = {
    account: identity.Account,
    opened: text(opened.Plaintext),
    refusal: [refusal.instance, refusal.name],
    role: [made.Role.Arn, made.Role.CreateDate instanceof Date],
    missing: [missing.instance, missing.name, missing.status],
    lines: events.length > 0 && events.every((event) => event.message.includes("says hello")),
  };
}

async function remove() {
  const done = await send("DeleteFunction", { FunctionName });
  told.removed = {
    status: done.$metadata.httpStatusCode,
    requestId: done.$metadata.requestId.length,
    left: (await send("ListFunctions")).Functions.map((f) => f.FunctionName),
  };
}

await send("CreateFunction", {
  FunctionName: "another",
  Role: "arn:aws:iam::123456789012:role/r",
  Runtime: runtime,
  Handler: "app.handler",
  Code: { ZipFile: readFileSync(zip) },
});
for (const step of [create, invoke, stream, versions, pages, errors, attach, map, neighbours, remove]) {
  try {
    await step();
  } catch (error) {
    console.error(`${step.name}: ${error.stack}\n${JSON.stringify(error)}`);
    process.exitCode = 1;
    break;
  }
}
console.log(JSON.stringify(told));
