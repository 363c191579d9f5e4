using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Images;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Docker;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using k8s.Models;

namespace Flotilla.Swarm.Services;

/// <summary>By whose name nodes pull a service's image, as <c>--with-registry-auth</c> sends it: a Secret that goes with the service and is never shown.</summary>
internal static class RegistryAuth
{
    private const string Header = "X-Registry-Auth";
    private const string Type = "kubernetes.io/dockerconfigjson";
    private const string Key = ".dockerconfigjson";

    public static string NameOf(SwarmService service) => ObjectNames.Subdomain("registry-" + service.Metadata.Name);

    public static bool IsKept(SwarmService service) => service.Metadata.Annotations?.ContainsKey(SwarmApi.RegistryAuth) == true;

    /// <returns>The logins as nodes read them; null: nobody in particular.</returns>
    /// <exception cref="DockerException">The header cannot be read.</exception>
    public static byte[]? Of(DockerRequest request, string image)
    {
        var text = request.Context.Request.Headers[Header].ToString();
        if (text.Length == 0)
        {
            return null;
        }

        try
        {
            var said = JsonNode.Parse(Base64Url.DecodeFromChars(text.TrimEnd('=').Replace('+', '-').Replace('/', '_')));
            return said.String("username") is not { Length: > 0 } && said.String("identitytoken") is not { Length: > 0 } ? null : Logins(said, image);
        }
        catch (Exception wrong) when (wrong is FormatException or JsonException)
        {
            throw DockerException.BadRequest("invalid X-Registry-Auth header");
        }
    }

    /// <summary>Before tasks are made that need it.</summary>
    public static async Task KeepAsync(SwarmContext context, SwarmService service, byte[] logins, CancellationToken cancellationToken)
    {
        var secret = SecretFor(service, logins);
        try
        {
            await context.Client.CreateAsync(secret, cancellationToken);
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            await context.Client.UpdateAsync(secret, cancellationToken);
        }
    }

    /// <summary>When the service is there: with it the Secret goes.</summary>
    public static Task OwnAsync(SwarmContext context, SwarmService service, CancellationToken cancellationToken)
    {
        var owners = new JsonArray(new JsonObject { ["apiVersion"] = SwarmApi.ApiVersion, ["kind"] = "SwarmService", ["name"] = service.Metadata.Name, ["uid"] = service.Metadata.Uid });
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["ownerReferences"] = owners } };
        return context.Client.PatchAsync<V1Secret>(new ObjectKey(service.Metadata.NamespaceProperty, NameOf(service)), new Patch(PatchKind.Merge, ObjectJson.Encode(patch)), null, cancellationToken);
    }

    internal static byte[] Logins(JsonNode? said, string image)
    {
        var registry = said.String("serveraddress") is { Length: > 0 } address ? address : ImageName.Normalize(image).Split('/')[0];
        var login = new JsonObject { ["username"] = said.String("username") ?? "", ["password"] = said.String("password") ?? "" };
        login["auth"] = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{login.String("username")}:{login.String("password")}"));
        if (said.String("identitytoken") is { Length: > 0 } token)
        {
            login["identitytoken"] = token;
        }

        return Encoding.UTF8.GetBytes(new JsonObject { ["auths"] = new JsonObject { [registry] = login } }.ToJsonString());
    }

    private static V1Secret SecretFor(SwarmService service, byte[] logins) => new()
    {
        ApiVersion = "v1",
        Kind = "Secret",
        Type = Type,
        Metadata = new V1ObjectMeta
        {
            Name = NameOf(service),
            NamespaceProperty = service.Metadata.NamespaceProperty,
            Labels = new Dictionary<string, string> { [SwarmApi.Managed] = "registry-auth" },
            OwnerReferences = service.Metadata.Uid is null ? null : [new V1OwnerReference { ApiVersion = SwarmApi.ApiVersion, Kind = "SwarmService", Name = service.Metadata.Name, Uid = service.Metadata.Uid }],
        },
        Data = new Dictionary<string, byte[]> { [Key] = logins },
    };
}
