using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.Authorization.Nodes;

/// <summary>The storage keys of the Secrets by which nodes serve an Ingress or a Gateway: certificates and passwords of its own namespace. Pure.</summary>
internal static class IngressNeeds
{
    public const string GatewayPrefix = "/gateway.networking.k8s.io/gateways/";
    private static readonly string[] PasswordAnnotations = ["flotilla.dev/auth-secret", "nginx.ingress.kubernetes.io/auth-secret"];

    public static IEnumerable<string> Of(JsonObject owner)
    {
        var (metadata, spec) = (owner.Object("metadata"), owner.Object("spec"));
        var space = metadata.String("namespace") ?? "";
        var certificates = spec.Objects("tls").Select(tls => tls.String("secretName"));
        var passwords = PasswordAnnotations.Select(name => metadata.Object("annotations").String(name)?.Split('/')[^1]);
        var listeners = spec.Objects("listeners")
            .SelectMany(listener => listener.Object("tls").Objects("certificateRefs"))
            .Where(reference => (reference.String("namespace") ?? space) == space)
            .Select(reference => reference.String("name"));
        return certificates.Concat(passwords).Concat(listeners)
            .Where(name => !string.IsNullOrEmpty(name))
            .Select(name => $"{CoreKinds.Secret.StoragePrefix}{space}/{name}")
            .Distinct(StringComparer.Ordinal);
    }
}
