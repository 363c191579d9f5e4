using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.ManagedFields;
using Flotilla.Api.Schema;
using Flotilla.Server.Http;

namespace Flotilla.Server.Objects;

/// <summary>The fields of an object that an update does not decide: who it is, and what only the server or another path sets.</summary>
internal static class ServerFields
{
    public static void CheckIdentity(Kind kind, ObjectKey key, JsonObject next, JsonObject old)
    {
        var metadata = next.Child("metadata");
        if (metadata.String("name") is { Length: > 0 } name && name != key.Name)
        {
            throw Failures.BadRequest($"the name of the object ({name}) does not match the name on the URL ({key.Name})");
        }

        if (kind.IsNamespaced && metadata.String("namespace") is { Length: > 0 } space && space != key.Namespace)
        {
            throw Failures.BadRequest($"the namespace of the object ({space}) does not match the namespace on the URL ({key.Namespace})");
        }

        var uid = old.Object("metadata").String("uid");
        if (metadata.String("uid") is { Length: > 0 } given && given != uid)
        {
            throw Failures.Conflict(kind, key.Name, $"Precondition failed: UID in precondition: {given}, UID in object meta: {uid}");
        }

        metadata["name"] = key.Name;
        if (kind.IsNamespaced)
        {
            metadata["namespace"] = key.Namespace;
        }
    }

    /// <summary>What no client changes: identity, times, and the half of the object that this path does not cover.</summary>
    public static void Keep(Kind kind, JsonObject next, JsonObject old, string? subresource, bool applied)
    {
        var (metadata, before) = (next.Child("metadata"), old.Child("metadata"));
        foreach (var name in (ReadOnlySpan<string>)["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "generateName", "selfLink", "resourceVersion"])
        {
            Carry(metadata, before, name);
        }

        if (!applied)
        {
            FieldManager.Inherit(metadata, before, subresource);
        }

        if (subresource == Subresource.StatusName)
        {
            foreach (var name in next.Select(pair => pair.Key).Concat(old.Select(pair => pair.Key)).Distinct().ToArray())
            {
                if (name is not ("status" or "metadata" or "kind" or "apiVersion"))
                {
                    Carry(next, old, name);
                }
            }

            Carry(metadata, before, "ownerReferences");
        }
        else if (kind.HasStatus && subresource is null)
        {
            ResetStatus(kind, next, old);
        }

        next["kind"] = kind.Name;
        next["apiVersion"] = kind.Identity.ApiVersion;
    }

    private static void Carry(JsonObject next, JsonObject old, string name)
    {
        if (old[name] is { } value)
        {
            if (!next[name].SameAs(value))
            {
                next[name] = value.DeepClone();
            }
        }
        else
        {
            next.Remove(name);
        }
    }

    public static void ResetStatus(Kind kind, JsonObject value, JsonObject? old)
    {
        if (old?["status"] is { } status)
        {
            value["status"] = status.DeepClone();
            return;
        }

        value.Remove("status");
        if (kind.Schema.Fields.TryGetValue("status", out var field) && StructFields.IsAlwaysPresent(kind.Schema, field))
        {
            var blank = new JsonObject();
            new Normalizer().Normalize(blank, field.Value.Type!);
            value["status"] = blank;
        }
    }
}
