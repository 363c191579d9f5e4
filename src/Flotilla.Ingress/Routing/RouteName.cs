namespace Flotilla.Ingress.Routing;

/// <summary>What a route is called in logs, metrics and live state, which outlives one table.</summary>
/// <param name="Kind"><c>Ingress</c>, <c>HTTPRoute</c> or <c>GRPCRoute</c>.</param>
/// <param name="Host">As in the rule; empty: all.</param>
internal sealed record RouteName(string Kind, string Namespace, string Name, string Host, string Path);
