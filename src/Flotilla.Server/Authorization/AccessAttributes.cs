using Flotilla.Api.Selectors;

namespace Flotilla.Server.Authorization;

/// <summary>What somebody wants to do. For paths that are no resources only <see cref="Path"/> and <see cref="Verb"/> are set.</summary>
public sealed record AccessAttributes(string Verb, string Group = "", string Resource = "", string Subresource = "", string? Namespace = null, string Name = "", string? Path = null)
{
    /// <summary>What a list, watch or deletecollection narrows itself to; null: nothing.</summary>
    public FieldSelector? Fields { get; init; }

    public LabelSelector? Labels { get; init; }

    public string Version { get; init; } = "";

    public bool IsResource => Path is null;

    public string FullResource => Subresource.Length == 0 ? Resource : $"{Resource}/{Subresource}";
}
