namespace Flotilla.Client;

/// <summary>By what those who give load balancers their addresses, nodes and ingress understand each other.</summary>
public static class LoadBalancing
{
    /// <summary>Services that name it are served, and so are those that name no class.</summary>
    public const string Class = "flotilla.dev/load-balancer";

    /// <summary>On a Service: the addresses it wants, separated by commas.</summary>
    public const string WantedAnnotation = "flotilla.dev/load-balancer-ips";

    /// <summary>On a Service: the node that answers for its addresses. Absent: they are addresses that nodes have anyway.</summary>
    public const string NodeAnnotation = "flotilla.dev/load-balancer-node";

    /// <summary>On a Node: the ports its ingress listens on, like <c>80,443</c> or <c>80=8080</c>; absent while it does not.</summary>
    public const string IngressPortsAnnotation = "flotilla.dev/ingress-ports";
}
