using Flotilla.Api.Kinds;
using Flotilla.Server.Admission.Webhooks;
using Flotilla.Server.Aggregation;
using Flotilla.Server.Audit;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Flotilla.Server.Watching;

namespace Flotilla.Server;

/// <summary>What the clients inside this process share.</summary>
/// <param name="Connections">To the servers of aggregated groups.</param>
internal sealed record LocalParts(
    ApiHandler Handler, ObjectStore Objects, WatchHubs Hubs, KindRegistry Kinds, AggregatedApis Apis, WebhookConnections Connections, AuditRecorder Audit, TimeProvider Time);
