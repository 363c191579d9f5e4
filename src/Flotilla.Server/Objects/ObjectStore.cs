using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.ManagedFields;
using Flotilla.Api.Schema;
using Flotilla.Api.Validation;
using Flotilla.Server.Admission;
using Flotilla.Server.CustomResources;
using Flotilla.Server.Http;
using Flotilla.Storage;

namespace Flotilla.Server.Objects;

/// <summary>
/// Creates, changes and deletes objects: admission, defaults, rules, field ownership, optimistic concurrency,
/// finalizers. Bodies arrive normalised; what is written is encoded once. Safe from any thread: the store decides races.
/// </summary>
public sealed class ObjectStore(IStore store, AdmissionChain admission, ServedForm served, TimeProvider time)
{
    private const int MaxAttempts = 50;

    private static readonly FieldSet StatusFields = FieldSet.FromJson(new JsonObject { ["f:status"] = new JsonObject() });
    private static readonly FieldSet SpecFields = FieldSet.FromJson(new JsonObject { ["f:spec"] = new JsonObject() });

    public IStore Store => store;

    /// <summary>How stored bytes become what a version of a kind serves.</summary>
    public ServedForm Served => served;

    public async ValueTask<StoredEntry?> FindAsync(Kind kind, ObjectKey key, CancellationToken cancellationToken) =>
        await store.GetAsync(kind.KeyOf(key), cancellationToken) is { } entry ? await served.OfAsync(kind, entry, cancellationToken) : null;

    public async Task<StoredEntry> GetAsync(Kind kind, ObjectKey key, CancellationToken cancellationToken) =>
        await FindAsync(kind, key, cancellationToken) ?? throw Failures.NotFound(kind, key.Name);

    /// <summary>The object in the form of <paramref name="kind"/>, which may be another version than the stored one.</summary>
    public static JsonObject Decode(Kind kind, ReadOnlyMemory<byte> stored, Revision revision)
    {
        var value = StoredObject.Decode(stored, revision);
        if (kind.StoredAs is not null)
        {
            kind.FromStored?.Invoke(value);
            value["apiVersion"] = kind.Identity.ApiVersion;
            value["kind"] = kind.Name;
        }

        return value;
    }

    public async Task<StoredEntry> CreateAsync(Kind kind, string? space, JsonObject value, WriteOptions options, CancellationToken cancellationToken, bool applied = false)
    {
        if (kind.Custom is { IsTerminating: true })
        {
            throw Failures.Of(405, "MethodNotAllowed", "create not allowed while custom resource definition is terminating", new k8s.Models.V1StatusDetails());
        }

        SetNamespace(kind, value.Child("metadata"), space);
        await AdmitNewAsync(kind, value, options, applied, cancellationToken);
        var metadata = value.Child("metadata");
        SetNamespace(kind, metadata, space);
        var generate = string.IsNullOrEmpty(metadata.String("name")) && metadata.String("generateName") is { Length: > 0 };
        for (var attempt = 0; ; attempt++)
        {
            var candidate = generate ? value.Copy() : value;
            if (generate)
            {
                candidate.Child("metadata")["name"] = RandomNames.For(metadata.String("generateName")!);
            }

            var result = await TryCreateAsync(kind, candidate, options, cancellationToken);
            if (result.Outcome == WriteOutcome.Written)
            {
                return new StoredEntry("", result.Current!.Value.Value, result.Revision, result.Revision);
            }

            if (!generate || attempt >= 8)
            {
                throw Failures.AlreadyExists(kind, candidate.Object("metadata").String("name")!);
            }
        }
    }

    /// <summary>Defaults, field ownership and the plugins that change objects: they see it before it has a name, uid or first status.</summary>
    private async Task AdmitNewAsync(Kind kind, JsonObject value, WriteOptions options, bool applied, CancellationToken cancellationToken)
    {
        var metadata = value.Child("metadata");
        foreach (var name in (ReadOnlySpan<string>)["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"])
        {
            if (name == "resourceVersion" && metadata.String(name) is { Length: > 0 } version && version != "0" && !applied)
            {
                throw Failures.Of(400, "BadRequest", "resourceVersion should not be set on objects to be created");
            }

            metadata.Remove(name);
        }

        if (!applied)
        {
            metadata.Remove("managedFields");
        }

        SetDefaults(kind, value);
        if (!applied)
        {
            FieldManager.TrackUpdate(null, value, kind.Schema, new FieldWriter(options.Manager, kind.Identity.ApiVersion, null, time.GetUtcNow()), Reset(kind, null));
        }

        await admission.MutateAsync(new AdmissionRequest(kind, AdmissionOperation.Create, value, null, options), cancellationToken);
    }

    private async Task<WriteResult> TryCreateAsync(Kind kind, JsonObject value, WriteOptions options, CancellationToken cancellationToken)
    {
        var metadata = value.Child("metadata");
        metadata["uid"] = RandomUuid.Next();
        metadata["creationTimestamp"] = Times.Seconds(time.GetUtcNow());
        if (kind.HasGeneration)
        {
            metadata["generation"] = 1;
        }
        else
        {
            metadata.Remove("generation");
        }

        if (kind.HasStatus && !kind.KeepsStatusOnCreate)
        {
            ServerFields.ResetStatus(kind, value, null);
        }

        kind.Prepare?.Invoke(value);
        var request = new AdmissionRequest(kind, AdmissionOperation.Create, value, null, options);
        Check(kind, value, null);
        await admission.ValidateAsync(request, cancellationToken);
        var key = kind.KeyOf(KeyOf(kind, value));
        while (true)
        {
            try
            {
                return await AllocateAndCreateAsync(request, key, cancellationToken);
            }
            catch (FencedException) when (options.Fence is null)
            {
                // Another server allocates at the same time: what is taken is looked up again.
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    private async Task<WriteResult> AllocateAndCreateAsync(AdmissionRequest request, string key, CancellationToken cancellationToken)
    {
        var (kind, value, options) = (request.Kind, request.Object, request.Options);
        await using var allocation = await admission.AllocateAsync(request, cancellationToken);
        var bytes = Encode(kind, value);
        if (options.DryRun)
        {
            return await store.GetAsync(key, cancellationToken) is null
                ? new WriteResult(WriteOutcome.Written, store.Current, new StoredEntry(key, bytes, store.Current, store.Current))
                : new WriteResult(WriteOutcome.Conflict, store.Current, null);
        }

        var stored = await StoredBytesAsync(kind, value, bytes, cancellationToken);
        var result = await store.WriteAsync(new WriteRequest(key, stored, Precondition.MustNotExist) { Fence = options.Fence ?? allocation.Fence }, cancellationToken);
        if (result.Outcome != WriteOutcome.Written)
        {
            return result;
        }

        allocation.Keep();
        return result with { Current = new StoredEntry(key, bytes, result.Revision, result.Revision) };
    }

    /// <summary>
    /// Reads, changes and writes back until nobody else wrote in between. <paramref name="change"/> gets a copy of the
    /// object and returns what it should become; a resourceVersion in it makes the write conditional.
    /// </summary>
    /// <param name="subresource">null for the object itself; <c>status</c> changes only the status.</param>
    /// <param name="applied">The change has recorded field ownership itself.</param>
    public async Task<StoredEntry> ChangeAsync(
        Kind kind, ObjectKey key, string? subresource, WriteOptions options, Func<JsonObject, JsonObject> change, CancellationToken cancellationToken, bool applied = false)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var current = await GetAsync(kind, key, cancellationToken);
            var old = Decode(kind, current.Value, current.Modified);
            var next = change(old.Copy());
            ServerFields.CheckIdentity(kind, key, next, old);
            var wanted = next.Object("metadata").String("resourceVersion");
            var conditional = !string.IsNullOrEmpty(wanted) && wanted != "0";
            if (conditional && wanted != current.Modified.ToString())
            {
                throw Failures.Modified(kind, key.Name);
            }

            var result = await TryChangeAsync(kind, key, subresource, options, current, old, next, applied, cancellationToken);
            if (result is { } written)
            {
                return written;
            }
        }

        throw Failures.Modified(kind, key.Name);
    }

    private async Task<StoredEntry?> TryChangeAsync(
        Kind kind, ObjectKey key, string? subresource, WriteOptions options, StoredEntry current, JsonObject old, JsonObject next, bool applied, CancellationToken cancellationToken)
    {
        ServerFields.Keep(kind, next, old, subresource, applied);
        SetDefaults(kind, next);
        if (subresource is null or Subresource.ScaleName)
        {
            kind.PrepareUpdate?.Invoke(next, old);
        }
        else if (kind.Parts.TryGetValue(subresource, out var part))
        {
            part.Prepare?.Invoke(next, old);
        }

        var request = new AdmissionRequest(kind, AdmissionOperation.Update, next, old, options) { Subresource = subresource };
        // A binding has passed as what it is, a Binding.
        var admitted = subresource == "binding";
        if (!admitted)
        {
            await admission.MutateAsync(request, cancellationToken);
        }

        if (kind.HasGeneration && subresource is not (Subresource.StatusName or "binding") && ObjectComparison.DesiredStateDiffers(kind, next, old))
        {
            next.Child("metadata")["generation"] = (old.Object("metadata").Integer("generation") ?? 0) + 1;
        }

        Check(kind, next, old, subresource);
        if (!admitted)
        {
            await admission.ValidateAsync(request, cancellationToken);
        }

        await using var allocation = await admission.AllocateAsync(request, cancellationToken);
        if (!applied)
        {
            FieldManager.TrackUpdate(old, next, kind.Schema, new FieldWriter(options.Manager, kind.Identity.ApiVersion, subresource, time.GetUtcNow()), Reset(kind, subresource));
        }

        if (ObjectComparison.IsUnchanged(next, old))
        {
            return current;
        }

        if (ObjectComparison.IsFinished(next))
        {
            return await RemoveAsync(key, kind, current, next, options, cancellationToken);
        }

        var bytes = Encode(kind, next);
        if (options.DryRun)
        {
            return new StoredEntry(current.Key, bytes, current.Created, current.Modified);
        }

        var stored = await StoredBytesAsync(kind, next, bytes, cancellationToken);
        WriteResult result;
        try
        {
            result = await store.WriteAsync(new WriteRequest(current.Key, stored, Precondition.MustBeAt(current.Modified)) { Fence = options.Fence ?? allocation.Fence }, cancellationToken);
        }
        catch (FencedException) when (options.Fence is null)
        {
            // Another server allocates at the same time: what is taken is looked up again.
            return null;
        }

        if (result.Outcome != WriteOutcome.Written)
        {
            return null;
        }

        allocation.Keep();
        return new StoredEntry(current.Key, bytes, current.Created, result.Revision);
    }

    /// <summary>Deletes, or begins to: with a grace period or finalizers the object stays, marked. Gone tells which.</summary>
    public async Task<(StoredEntry Entry, bool Gone)> DeleteAsync(Kind kind, ObjectKey key, DeleteRequest request, WriteOptions options, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var current = await GetAsync(kind, key, cancellationToken);
            var value = Decode(kind, current.Value, current.Modified);
            DeletionRules.CheckPreconditions(kind, key, value, request);
            await admission.ReviewAsync(new AdmissionRequest(kind, AdmissionOperation.Delete, value, value, options) { Target = key, Deletion = request }, cancellationToken);
            if (value.Object("metadata").String("deletionTimestamp") is null)
            {
                kind.PrepareDelete?.Invoke(value, time.GetUtcNow());
            }

            var step = DeletionRules.Plan(kind, value, request, time.GetUtcNow());
            if (step == DeletionStep.AlreadyUnderWay)
            {
                return (current, false);
            }

            if (step == DeletionStep.Remove)
            {
                if (await RemoveAsync(key, kind, current, value, options, cancellationToken) is { } removed)
                {
                    return (removed, true);
                }

                continue;
            }

            var bytes = Encode(kind, value);
            if (options.DryRun)
            {
                return (new StoredEntry(current.Key, bytes, current.Created, current.Modified), false);
            }

            var stored = await StoredBytesAsync(kind, value, bytes, cancellationToken);
            var result = await store.WriteAsync(new WriteRequest(current.Key, stored, Precondition.MustBeAt(current.Modified)) { Fence = options.Fence }, cancellationToken);
            if (result.Outcome == WriteOutcome.Written)
            {
                return (new StoredEntry(current.Key, bytes, current.Created, result.Revision), false);
            }
        }

        throw Failures.Modified(kind, key.Name);
    }

    private async Task<StoredEntry?> RemoveAsync(ObjectKey key, Kind kind, StoredEntry current, JsonObject last, WriteOptions options, CancellationToken cancellationToken)
    {
        if (options.DryRun)
        {
            return current;
        }

        var result = await store.WriteAsync(WriteRequest.Delete(current.Key, Precondition.MustBeAt(current.Modified)) with { Fence = options.Fence }, cancellationToken);
        if (result.Outcome == WriteOutcome.NotFound)
        {
            throw Failures.NotFound(kind, key.Name);
        }

        if (result.Outcome == WriteOutcome.Conflict)
        {
            return null;
        }

        return new StoredEntry(current.Key, Encode(kind, last), current.Created, result.Revision);
    }

    private void SetDefaults(Kind kind, JsonObject value)
    {
        kind.Default?.Invoke(value);
        kind.Date?.Invoke(value, time.GetUtcNow());
    }

    private static ObjectKey KeyOf(Kind kind, JsonObject value)
    {
        var metadata = value.Object("metadata");
        return new ObjectKey(kind.IsNamespaced ? metadata.String("namespace") : null, metadata.String("name")!);
    }

    private static void SetNamespace(Kind kind, JsonObject metadata, string? space)
    {
        if (!kind.IsNamespaced)
        {
            metadata.Remove("namespace");
            return;
        }

        if (metadata.String("namespace") is { Length: > 0 } given && space is not null && given != space)
        {
            throw Failures.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        }

        if (space is not null)
        {
            metadata["namespace"] = space;
        }
    }

    private static FieldSet? Reset(Kind kind, string? subresource) => subresource switch
    {
        Subresource.StatusName => SpecFields,
        null when kind.HasStatus => StatusFields,
        _ => null,
    };

    private static void Check(Kind kind, JsonObject value, JsonObject? old, string? subresource = null)
    {
        var errors = MetadataRules.Check(value.Child("metadata"), kind, old?.Object("metadata")).ToList();
        // Subresources change what the object itself may not (binding, finalize); they check their own bodies.
        if (kind.Validate is { } rules && (subresource is null or Subresource.ScaleName || kind.Custom is not null))
        {
            errors.AddRange(old is null ? rules(value, null) : Ratchet.Tolerate(rules(value, old), () => rules(old, old)));
        }
        else if (subresource is not null && old is not null && kind.Parts.TryGetValue(subresource, out var part))
        {
            errors.AddRange(Ratchet.Tolerate(part.Check(value, old), () => part.Check(old, old)));
        }

        if (errors.Count > 0)
        {
            throw Failures.Invalid(kind, value.Object("metadata").String("name") ?? "", errors);
        }
    }

    // Custom resources may be stored in another version than the one they are written in.
    private async ValueTask<byte[]> StoredBytesAsync(Kind kind, JsonObject value, byte[] bytes, CancellationToken cancellationToken) =>
        kind.Custom is null ? bytes : await served.ToStorageAsync(kind, value, cancellationToken);

    private static byte[] Encode(Kind kind, JsonObject value)
    {
        if (kind.StoredAs is { } stored)
        {
            var copy = value.Copy();
            kind.ToStored?.Invoke(copy);
            return StoredObject.Encode(copy, stored.Identity);
        }

        return StoredObject.Encode(value, kind.Identity);
    }
}
