namespace Flotilla.Cel;

/// <summary>Answers the authorization checks of expressions. Called synchronously from an evaluation.</summary>
public interface ICelAuthorizer
{
    CelDecision Check(CelAuthorizationQuery query);
}

/// <summary>
/// What an expression asks for. A path, or a resource with its group; null where nothing was said. A service account
/// replaces the user of the request.
/// </summary>
public sealed record CelAuthorizationQuery
{
    public string Verb { get; init; } = "";

    public string? Path { get; init; }

    public string Group { get; init; } = "";

    public string? Resource { get; init; }

    public string? Subresource { get; init; }

    public string? Namespace { get; init; }

    public string? Name { get; init; }

    public string? FieldSelector { get; init; }

    public string? LabelSelector { get; init; }

    public (string Namespace, string Name)? ServiceAccount { get; init; }
}

/// <summary>The answer to a check; <see cref="Error"/> is set when it could not be answered.</summary>
public sealed record CelDecision(bool Allowed, string Reason = "", string? Error = null);
