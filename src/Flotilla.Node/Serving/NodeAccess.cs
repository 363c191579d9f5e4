using System.Security.Cryptography.X509Certificates;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Node.Serving;

/// <summary>Lets in whom the cluster lets in: certificates are checked here, tokens and rights are asked about at the API server.</summary>
internal sealed class NodeAccess(NodeOptions options, NodeServing serving, IObjectClient client, TimeProvider time)
{
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";
    private const string Bearer = "Bearer ";

    // Whoever may start containers may do everything on the machine, so that reading or the right to a proxy is not enough.
    private const string Docker = "docker";

    /// <summary>False: the request has been refused.</summary>
    public async Task<bool> AdmitAsync(HttpContext context)
    {
        if (await IdentifyAsync(context) is not { } user)
        {
            await Answers.TextAsync(context, "Unauthorized", StatusCodes.Status401Unauthorized);
            return false;
        }
        var parts = Subresources(context.Request.Path.Value ?? "");
        var verb = parts is [Docker] ? "create" : VerbOf(context.Request.Method);
        foreach (var part in parts)
        {
            if (await MayAsync(user, verb, part, context.RequestAborted))
            {
                return true;
            }
        }
        await Answers.TextAsync(
            context, $"Forbidden (user={user.Username}, verb={verb}, resource=nodes, subresource(s)=[{string.Join(' ', parts)}])", StatusCodes.Status403Forbidden);
        return false;
    }

    /// <summary>The subresources of the node any of which opens a path, the narrowest first.</summary>
    internal static IReadOnlyList<string> Subresources(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() switch
    {
        "stats" => ["stats"],
        "metrics" => ["metrics"],
        "logs" => ["log"],
        "checkpoint" => ["checkpoint"],
        "pods" or "runningpods" => ["pods", "proxy"],
        "healthz" => ["healthz", "proxy"],
        "configz" => ["configz", "proxy"],
        "flotilla.dev" => [Docker],
        _ => ["proxy"],
    };

    private static string VerbOf(string method) => method switch
    {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => "get",
    };

    private async Task<V1UserInfo?> IdentifyAsync(HttpContext context)
    {
        if (context.Connection.ClientCertificate is { } certificate && IsOurs(certificate))
        {
            var names = certificate.SubjectName.EnumerateRelativeDistinguishedNames().ToLookup(part => part.GetSingleElementType().Value, part => part.GetSingleElementValue());
            return new V1UserInfo { Username = names[CommonName].FirstOrDefault(), Groups = [.. names[Organization].OfType<string>(), "system:authenticated"] };
        }
        var authorization = context.Request.Headers.Authorization.ToString();
        return authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? await ReviewAsync(authorization[Bearer.Length..].Trim(), context.RequestAborted) : null;
    }

    private bool IsOurs(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(serving.ClientAuthorities());
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        return chain.Build(certificate);
    }

    private async Task<V1UserInfo?> ReviewAsync(string token, CancellationToken cancellationToken)
    {
        if (token.Length == 0)
        {
            return null;
        }
        var review = new V1TokenReview
        {
            ApiVersion = "authentication.k8s.io/v1", Kind = "TokenReview", Metadata = new V1ObjectMeta(), Spec = new V1TokenReviewSpec { Token = token },
        };
        var answer = await AskAsync("/apis/authentication.k8s.io/v1/tokenreviews", review, cancellationToken);
        return answer.Status is { Authenticated: true, User: { } user } ? user : null;
    }

    private async Task<bool> MayAsync(V1UserInfo user, string verb, string part, CancellationToken cancellationToken)
    {
        var review = new V1SubjectAccessReview
        {
            ApiVersion = "authorization.k8s.io/v1",
            Kind = "SubjectAccessReview",
            Metadata = new V1ObjectMeta(),
            Spec = new V1SubjectAccessReviewSpec
            {
                User = user.Username,
                Uid = user.Uid,
                Groups = user.Groups,
                Extra = user.Extra,
                ResourceAttributes = new V1ResourceAttributes { Verb = verb, Version = "v1", Resource = "nodes", Subresource = part, Name = options.NodeName },
            },
        };
        return (await AskAsync("/apis/authorization.k8s.io/v1/subjectaccessreviews", review, cancellationToken)).Status is { Allowed: true };
    }

    // By path: the models of reviews do not know the names of their resources.
    private async Task<T> AskAsync<T>(string path, T review, CancellationToken cancellationToken) =>
        ObjectJson.Decode<T>(await client.SendAsync(HttpMethod.Post, path, "application/json", ObjectJson.Encode(review), cancellationToken));
}
