using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Api.Validation;
using Flotilla.Server.Admission;
using Flotilla.Server.Http;
using Flotilla.Server.Identity;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Subresources;

/// <summary><c>POST serviceaccounts/NAME/token</c>: short-lived tokens, bound to a pod, secret or node if asked.</summary>
public sealed class TokenAnswers(ObjectStore objects, AdmissionChain admission, ServiceAccountTokens tokens, TimeProvider time)
{
    private const long DefaultSeconds = 3600;
    private const long MinSeconds = 600;

    // What admission asks for when it mounts a token on its own.
    private const long WarnOnlySeconds = 3607;
    private const long MaxSeconds = 1L << 32;
    private static readonly TimeSpan ExtendedLifetime = TimeSpan.FromDays(365);
    private static readonly ResourceKind Identity = new("authentication.k8s.io", "v1", "TokenRequest");

    public async Task<ApiAnswer> CreateAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        var (body, _) = BodyReader.ReadObject(request, Identity, SchemaTable.BuiltIn.Find(Identity));
        var entry = await objects.GetAsync(CoreKinds.ServiceAccount, path.Key, cancellationToken);
        var account = ObjectStore.Decode(CoreKinds.ServiceAccount, entry.Value, entry.Modified);
        await admission.ReviewAsync(
            new AdmissionRequest(CoreKinds.ServiceAccount, AdmissionOperation.Create, body, null, ResourceWrites.Options(request)) { Subresource = "token", Body = Identity, Target = path.Key }, cancellationToken);
        var spec = body.Child("spec");
        var seconds = spec.Integer("expirationSeconds") ?? DefaultSeconds;
        Check(seconds);
        var audiences = spec.Array("audiences")?.Select(node => node.AsString()!).ToList() ?? [];
        var claims = await BindAsync(new ServiceAccountClaims(path.Namespace!, new BoundObject(path.Name!, account.Object("metadata").String("uid"))), spec.Object("boundObjectRef"), path, cancellationToken);
        var issued = Issue(claims, audiences, seconds);
        spec["expirationSeconds"] = seconds;
        spec["audiences"] = new JsonArray([.. (audiences.Count > 0 ? audiences : ServiceAccountTokens.DefaultAudiences).Select(name => JsonValue.Create(name))]);
        var metadata = body.Child("metadata");
        metadata["name"] = path.Name;
        metadata["namespace"] = path.Namespace;
        metadata["creationTimestamp"] = Times.Seconds(issued.Expires.AddSeconds(-seconds));
        request.Notes.Annotate("authentication.kubernetes.io/issued-credential-id", $"JTI={issued.TokenId}");
        body["status"] = new JsonObject { ["token"] = issued.Token, ["expirationTimestamp"] = Times.Seconds(issued.Expires) };
        return Representation.Negotiate(request.Accept, shapes: false).Answer(body, 201);
    }

    // Old clients read a pod's token once and never again: theirs outlives the hour, and says when it should have been renewed.
    private IssuedToken Issue(ServiceAccountClaims claims, IReadOnlyList<string> audiences, long seconds)
    {
        var lifetime = TimeSpan.FromSeconds(seconds);
        if (seconds != WarnOnlySeconds || claims.Pod is null || audiences.Except(ServiceAccountTokens.DefaultAudiences, StringComparer.Ordinal).Any())
        {
            return tokens.Issue(claims, audiences, lifetime);
        }

        var renew = time.GetUtcNow() + lifetime;
        return tokens.Issue(claims with { WarnAfterSeconds = renew.ToUnixTimeSeconds() }, audiences, ExtendedLifetime) with { Expires = renew };
    }

    private static void Check(long seconds)
    {
        var error = seconds switch
        {
            < MinSeconds => "may not specify a duration less than 10 minutes",
            > MaxSeconds => "may not specify a duration larger than 2^32 seconds",
            _ => null,
        };
        if (error is not null)
        {
            throw Failures.Invalid("authentication.k8s.io", "TokenRequest", "", [FieldError.Invalid("spec.expirationSeconds", JsonValue.Create(seconds), error)]);
        }
    }

    private async Task<ServiceAccountClaims> BindAsync(ServiceAccountClaims claims, JsonObject? reference, ResourcePath path, CancellationToken cancellationToken)
    {
        if (reference is null)
        {
            return claims;
        }

        var kind = reference.String("kind") switch
        {
            "Pod" => CoreKinds.Pod,
            "Secret" => CoreKinds.Secret,
            "Node" => CoreKinds.Node,
            _ => throw Failures.BadRequest($"cannot bind token to object of type {GroupVersion(reference)}, Kind={reference.String("kind")}"),
        };
        var name = reference.String("name") ?? "";
        var entry = await objects.GetAsync(kind, new ObjectKey(kind.IsNamespaced ? path.Namespace : null, name), cancellationToken);
        var found = ObjectStore.Decode(kind, entry.Value, entry.Modified);
        var uid = found.Object("metadata").String("uid");
        if (reference.String("uid") is { Length: > 0 } wanted && wanted != uid)
        {
            throw Failures.Of(
                409,
                "Conflict",
                $"Operation cannot be fulfilled on {kind.Name} \"{name}\": the UID in the bound object reference ({wanted}) does not match the UID in record. The object might have been deleted and then recreated",
                new k8s.Models.V1StatusDetails { Name = name, Kind = kind.Name });
        }

        var bound = new BoundObject(name, uid);
        return kind.Name switch
        {
            "Pod" when found.Object("spec").String("serviceAccountName") != path.Name =>
                throw Failures.BadRequest($"cannot bind token for serviceaccount \"{path.Name}\" to pod running with different serviceaccount name."),
            "Pod" => claims with { Pod = bound, Node = await NodeOfAsync(found, cancellationToken) },
            "Secret" => claims with { Secret = bound },
            _ => claims with { Node = bound },
        };
    }

    private async Task<BoundObject?> NodeOfAsync(JsonObject pod, CancellationToken cancellationToken)
    {
        if (pod.Object("spec").String("nodeName") is not { Length: > 0 } name)
        {
            return null;
        }

        var node = await objects.FindAsync(CoreKinds.Node, new ObjectKey(null, name), cancellationToken);
        return new BoundObject(name, node is { } found ? ObjectStore.Decode(CoreKinds.Node, found.Value, found.Modified).Object("metadata").String("uid") : null);
    }

    private static string GroupVersion(JsonObject reference) => reference.String("apiVersion") is { } version && version.Contains('/', StringComparison.Ordinal) ? version : $"/{reference.String("apiVersion")}";
}
