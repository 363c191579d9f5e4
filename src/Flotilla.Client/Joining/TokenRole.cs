namespace Flotilla.Client.Joining;

/// <summary>What a token is for, and by which names the cluster keeps what it remembers of it.</summary>
/// <param name="Type">Of the Secret.</param>
/// <param name="Title">In sentences.</param>
/// <param name="Other">What else a token that is not known may be.</param>
/// <param name="Remedy">What to do without one.</param>
public sealed record TokenRole(string Type, string NamePrefix, string Title, string Other, string Remedy)
{
    public static readonly TokenRole Manager = new(
        "flotilla.dev/manager-token", "manager-token-", "manager token", "one for workers", "make a new one with 'flotilla token create --manager' on a server");

    public static readonly TokenRole Worker = new(
        "flotilla.dev/worker-token", "worker-token-", "worker token", "one for managers", "make a new one with 'flotilla token create' on a server");

    public string NameOf(string id) => NamePrefix + id;

    public string Unknown(string id) => $"There is no {Title} {id} in this cluster: it is mistyped, or {Other}; {Remedy}.";
}
