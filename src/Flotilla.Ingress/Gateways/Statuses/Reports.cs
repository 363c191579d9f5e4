using Flotilla.Ingress.Gateways.Api;

namespace Flotilla.Ingress.Gateways.Statuses;

/// <summary>What became of a Gateway.</summary>
internal sealed record GatewayReport(Gateway Gateway, IReadOnlyList<ListenerReport> Listeners);

internal sealed record ListenerReport(string Name, int Port, bool IsServed, int AttachedRoutes, IReadOnlyList<RouteGroupKind> SupportedKinds, IReadOnlyList<Verdict> Verdicts);

/// <summary>What became of a route, for each of its parents that is ours.</summary>
internal sealed record RouteReport(GatewayRoute Route, IReadOnlyList<ParentReport> Parents);

internal sealed record ParentReport(ParentReference Parent, IReadOnlyList<Verdict> Verdicts);
