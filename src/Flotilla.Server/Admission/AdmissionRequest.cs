using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Admission;

public enum AdmissionOperation
{
    Create,
    Update,
    Delete,
    Connect,
}

/// <summary>
/// A write on its way in, or a connection about to be opened. On delete, both objects are the present one. Plugins
/// change <see cref="Object"/> in place.
/// </summary>
public sealed record AdmissionRequest(Kind Kind, AdmissionOperation Operation, JsonObject Object, JsonObject? Old, WriteOptions Options)
{
    public string? Subresource { get; init; }

    /// <summary>What <see cref="Object"/> is when not <see cref="Kind"/>: an Eviction, a Binding, PodExecOptions.</summary>
    public ResourceKind? Body { get; init; }

    /// <summary>The object addressed, where the body does not name it itself.</summary>
    public ObjectKey? Target { get; init; }

    public DeleteRequest? Deletion { get; init; }

    public Reinvocation Reinvocation { get; } = new();

    /// <summary>Empty for a create whose name the server makes.</summary>
    public string Name => Target?.Name ?? Object.Object("metadata").String("name") ?? "";

    public string? Namespace => Target is { } target ? target.Namespace : Kind.IsNamespaced ? Object.Object("metadata").String("namespace") : null;

    public RequestUser User => Options.User ?? RequestUser.System;

    public bool IsCreateOf(Kind kind) => Kind == kind && Operation == AdmissionOperation.Create && Subresource is null;

    public bool IsUpdateOf(Kind kind) => Kind == kind && Operation == AdmissionOperation.Update && Subresource is null;

    public bool IsDeleteOf(Kind kind) => Kind == kind && Operation == AdmissionOperation.Delete && Subresource is null;

    /// <summary>403 in the words every plugin uses; before the server has made a name, its prefix stands for it.</summary>
    public ApiException Forbidden(string why)
    {
        var name = Name is { Length: > 0 } given ? given : Object.Object("metadata").String("generateName") ?? "";
        return Failures.Forbidden($"{Kind.GroupResource} \"{name}\" is forbidden: {why}", Kind.Group, Kind.Plural, name);
    }

    /// <summary>Makes <see cref="Object"/> what <paramref name="next"/> is, which is empty afterwards.</summary>
    public void Replace(JsonObject next)
    {
        Object.Clear();
        foreach (var (name, value) in next.ToArray())
        {
            next.Remove(name);
            Object[name] = value;
        }
    }
}

/// <summary>Whether the plugins that change objects are to run once more, because a later one changed what earlier ones saw.</summary>
public sealed class Reinvocation
{
    private Dictionary<object, object>? states;

    public bool IsRepeat { get; private set; }

    public bool IsWanted { get; private set; }

    public void Want() => IsWanted = true;

    public void Begin() => IsRepeat = true;

    /// <summary>What a plugin remembers between the two rounds of one request.</summary>
    public T StateOf<T>(object plugin)
        where T : class, new()
    {
        states ??= [];
        if (!states.TryGetValue(plugin, out var state))
        {
            states[plugin] = state = new T();
        }

        return (T)state;
    }
}
