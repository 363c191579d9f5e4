namespace Flotilla.Api.Networks;

/// <summary>What policies say beyond Kubernetes.</summary>
public static class NetworkPolicyAnnotations
{
    /// <summary>With <c>true</c>, plain containers of the nodes' own bridges do not reach the pods that the policy selects, but by ports of the machines.</summary>
    public const string ClosedToContainers = "flotilla.dev/closed-to-containers";
}
