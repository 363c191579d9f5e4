namespace Flotilla.Client.Joining;

/// <summary>
/// The service account by which agents read and write what concerns more than their own node: services, endpoints, policies,
/// volumes. As itself a node sees its own pods and what they need, and no more.
/// </summary>
public static class NodeAccount
{
    public const string Namespace = "kube-system";
    public const string Name = "flotilla-node";
}
