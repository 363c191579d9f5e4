using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.ManagedFields;
using Flotilla.Api.Validation;
using Flotilla.Server.Authorization;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Http;

/// <summary>POST, PUT, PATCH and DELETE of objects.</summary>
public sealed class ResourceWrites(ObjectStore objects, ResourceReads reads, Authorizer authorizer, TimeProvider time)
{
    private static readonly string[] FieldValidations = ["Ignore", "Strict", "Warn"];
    private static readonly string[] Policies = ["Foreground", "Background", "Orphan"];

    public async Task<ApiAnswer> CreateAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        CheckDryRun(request, "CreateOptions");
        if (path.Kind.IsNamespaced && path.Namespace is null)
        {
            throw Failures.MethodNotAllowed();
        }

        var (value, warnings) = BodyReader.ReadObject(request, path.Kind);
        var entry = await objects.CreateAsync(path.Kind, path.Namespace, value, Options(request), cancellationToken);
        return reads.Present(request, path.Kind, entry, 201, warnings);
    }

    public async Task<ApiAnswer> UpdateAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        CheckDryRun(request, "UpdateOptions");
        var (value, warnings) = BodyReader.ReadObject(request, path.Kind);
        if (path.Kind.AllowsCreateOnUpdate && path.Subresource is null && await objects.FindAsync(path.Kind, path.Key, cancellationToken) is null)
        {
            return await CreateOnUpdateAsync(request, path, value, warnings, cancellationToken);
        }

        var entry = await objects.ChangeAsync(path.Kind, path.Key, path.Subresource, Options(request), _ => Replacing(path, value.Copy()), cancellationToken);
        return reads.Present(request, path.Kind, entry, warnings: warnings);
    }

    /// <summary>Some kinds come into being by being put where nothing is; whoever does so must be allowed to create.</summary>
    private async Task<ApiAnswer> CreateOnUpdateAsync(ApiRequest request, ResourcePath path, JsonObject value, IReadOnlyList<string> warnings, CancellationToken cancellationToken)
    {
        var collection = request.Path[..request.Path.LastIndexOf('/')];
        await authorizer.AuthorizeAsync(new ApiRequest { Method = "POST", Path = collection, User = request.User }, cancellationToken);
        var metadata = value.Child("metadata");
        if (metadata.String("name") is { Length: > 0 } name && name != path.Name)
        {
            throw Failures.BadRequest($"the name of the object ({name}) does not match the name on the URL ({path.Name})");
        }

        metadata["name"] = path.Name;
        if (metadata.String("resourceVersion") is { Length: > 0 } version && version != "0")
        {
            throw Failures.NotFound(path.Kind, path.Name!);
        }

        var entry = await objects.CreateAsync(path.Kind, path.Namespace, value, Options(request), cancellationToken);
        return reads.Present(request, path.Kind, entry, 201, warnings);
    }

    /// <summary>Looked at only where there is something to replace: what is not there is a 404 first.</summary>
    private static JsonObject Replacing(ResourcePath path, JsonObject value)
    {
        if (path.Kind.NeedsVersionOnUpdate && value.Object("metadata").String("resourceVersion") is null or "" or "0")
        {
            throw Failures.Invalid(path.Kind, path.Name!, [new FieldError("FieldValueInvalid", "metadata.resourceVersion", "Invalid value: 0x0: must be specified for an update")]);
        }

        return value;
    }

    public async Task<ApiAnswer> PatchAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        CheckDryRun(request, "PatchOptions");
        if (PatchBody.IsApply(request.ContentType))
        {
            return await ApplyAsync(request, path, cancellationToken);
        }

        var patch = PatchBody.Read(request);
        IReadOnlyList<string> warnings = [];
        var entry = await objects.ChangeAsync(
            path.Kind,
            path.Key,
            path.Subresource,
            Options(request),
            current =>
            {
                var version = current.Object("metadata").String("resourceVersion");
                (var next, warnings) = patch.Apply(current, path.Kind, request["fieldValidation"]);

                // Only a patch that names a version insists on it.
                var named = next.Object("metadata").String("resourceVersion");
                if (named == version)
                {
                    next.Child("metadata").Remove("resourceVersion");
                }

                return next;
            },
            cancellationToken);
        return reads.Present(request, path.Kind, entry, warnings: warnings);
    }

    public async Task<ApiAnswer> DeleteAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        var deletion = ReadDeletion(request);
        var options = Options(request) with { DryRun = request.IsDryRun || deletion.DryRun };
        var (entry, gone) = await objects.DeleteAsync(path.Kind, path.Key, deletion, options, cancellationToken);
        if (!gone || !path.Kind.DeleteAnswersStatus)
        {
            return reads.Present(request, path.Kind, entry);
        }

        var uid = ObjectStore.Decode(path.Kind, entry.Value, entry.Modified).Object("metadata").String("uid");
        var details = new JsonObject { ["name"] = path.Name };
        if (path.Kind.Group.Length > 0)
        {
            details["group"] = path.Kind.Group;
        }

        details["kind"] = path.Kind.Plural;
        details["uid"] = uid;
        return ApiAnswer.Json(new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["details"] = details });
    }

    public async Task<ApiAnswer> DeleteCollectionAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        if (!path.Kind.Verbs.Contains("deletecollection"))
        {
            throw Failures.MethodNotAllowed();
        }

        var deletion = ReadDeletion(request);
        var query = ListQuery.Parse(request, path);
        var page = await reads.ReadPageAsync(query, cancellationToken);
        var deleted = new List<JsonObject>();
        foreach (var entry in page.Entries)
        {
            var value = ObjectStore.Decode(path.Kind, entry.Value, entry.Modified);
            var key = new ObjectKey(path.Kind.IsNamespaced ? value.Object("metadata").String("namespace") : null, value.Object("metadata").String("name")!);
            try
            {
                await objects.DeleteAsync(path.Kind, key, deletion, Options(request), cancellationToken);
                deleted.Add(value);
            }
            catch (ApiException error) when (error.IsNotFound)
            {
                // Somebody else was faster; gone is what was asked for.
                continue;
            }
        }

        return ApiAnswer.Json(TableBuilder.List(path.Kind, deleted, new ListPage(objects.Store.Current, [], null, null)));
    }

    public static WriteOptions Options(ApiRequest request) => new(request.FieldManager, request.IsDryRun, request.User, request.Notes, request.Fence);

    public static void CheckDryRun(ApiRequest request, string options)
    {
        if (request["dryRun"] is { Length: > 0 } value && value != "All")
        {
            throw Failures.Invalid("meta.k8s.io", options, "", [FieldError.NotSupported("dryRun", new JsonArray(value), ["All"])]);
        }

        if (request["fieldValidation"] is { Length: > 0 } validation && !FieldValidations.Contains(validation))
        {
            throw Failures.Invalid("meta.k8s.io", options, "", [FieldError.NotSupported("fieldValidation", validation, ["", .. FieldValidations])]);
        }
    }

    private async Task<ApiAnswer> ApplyAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        if (request["fieldManager"] is not { Length: > 0 } manager)
        {
            throw Failures.Invalid("meta.k8s.io", "PatchOptions", "", [FieldError.Required("fieldManager", "is required for apply patch")]);
        }

        var kind = path.Kind;
        var (applied, warnings) = PatchBody.ReadApplied(request, kind);
        if (applied.Object("metadata").Array("managedFields") is not null)
        {
            throw Failures.BadRequest("metadata.managedFields must be nil");
        }

        var writer = new FieldWriter(manager, applied.String("apiVersion")!, path.Subresource, time.GetUtcNow());
        var reset = kind.HasStatus ? FieldSet.FromJson(new JsonObject { [path.Subresource == Subresource.StatusName ? "f:spec" : "f:status"] = new JsonObject() }) : null;
        var force = ListQuery.IsTrue(request["force"]);
        if (await objects.FindAsync(kind, path.Key, cancellationToken) is null && path.Subresource is null)
        {
            applied.Child("metadata")["name"] = path.Name;
            var (created, _) = FieldManager.Apply(null, applied, kind.Schema, writer, force, reset);
            BodyReader.FindUnknown(created, kind);
            try
            {
                var made = await objects.CreateAsync(kind, path.Namespace, created, Options(request), cancellationToken, applied: true);
                return reads.Present(request, kind, made, 201, warnings);
            }
            catch (ApiException error) when (error.IsAlreadyExists)
            {
                // Created by somebody else a moment ago: apply to that.
                return await ApplyToExistingAsync();
            }
        }

        return await ApplyToExistingAsync();

        async Task<ApiAnswer> ApplyToExistingAsync()
        {
            var entry = await objects.ChangeAsync(
                kind,
                path.Key,
                path.Subresource,
                Options(request),
                current =>
                {
                    var wanted = applied.Object("metadata").String("resourceVersion");
                    var (merged, conflicts) = FieldManager.Apply(current, applied, kind.Schema, writer, force, reset);
                    if (conflicts.Count > 0 && !force)
                    {
                        throw ApplyConflicts.Explain(conflicts);
                    }

                    BodyReader.FindUnknown(merged, kind);
                    if (string.IsNullOrEmpty(wanted))
                    {
                        merged.Child("metadata").Remove("resourceVersion");
                    }

                    return merged;
                },
                cancellationToken,
                applied: true);
            return reads.Present(request, kind, entry, warnings: warnings);
        }
    }

    private static DeleteRequest ReadDeletion(ApiRequest request)
    {
        CheckDryRun(request, "DeleteOptions");
        JsonObject? body = null;
        if (request.Body.Length > 0 && BodyReader.IsProtobuf(request.ContentType))
        {
            body = BodyReader.ReadProtobuf(request.Body);
        }
        else if (request.Body.Length > 0)
        {
            try
            {
                body = (BodyReader.IsYaml(request.ContentType) ? YamlReader.Parse(request.Body.Span) : GoJson.Parse(request.Body.Span)) as JsonObject;
            }
            catch (GoJsonException error)
            {
                throw Failures.BadRequest($"couldn't get version/kind; json parse error: {error.Message}");
            }
        }

        var deletion = DeleteRequest.From(body);
        deletion = deletion with
        {
            GracePeriodSeconds = long.TryParse(request["gracePeriodSeconds"], out var seconds) ? seconds : deletion.GracePeriodSeconds,
            PropagationPolicy = request["propagationPolicy"] is { Length: > 0 } policy ? policy : deletion.PropagationPolicy,
        };
        if (deletion.PropagationPolicy is { } named && !Policies.Contains(named))
        {
            throw Failures.Invalid("meta.k8s.io", "DeleteOptions", "", [FieldError.NotSupported("propagationPolicy", named, ["Foreground", "Background", "Orphan", "nil"])]);
        }

        return deletion;
    }
}
