using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;

namespace Flotilla.Swarm.Swarms;

/// <summary>The authority that an update of the swarm asks for. Pure.</summary>
/// <param name="Certificate">With <paramref name="Key"/>; both null: one that the cluster makes.</param>
internal sealed record AuthorityWish(string? Certificate, string? Key)
{
    /// <returns>null: the present one stays.</returns>
    /// <exception cref="DockerException">It cannot be.</exception>
    public static AuthorityWish? Of(JsonObject spec, JsonNode? current)
    {
        var (certificate, key) = (spec.Object("CAConfig").String("SigningCACert") ?? "", spec.Object("CAConfig").String("SigningCAKey") ?? "");
        if (certificate.Length > 0)
        {
            return key.Length > 0 ? new AuthorityWish(certificate, key) : throw DockerException.Invalid("the cluster signs itself: with the certificate of an authority comes its key (--ca-key), and an external CA alone cannot be");
        }

        return key.Length > 0 ? throw DockerException.Invalid("if a signing CA key is provided, the signing CA cert must also be provided")
            : ForcedIn(spec) == ForcedIn(current) ? null : new AuthorityWish(null, null);
    }

    private static long ForcedIn(JsonNode? spec) => spec.Object("CAConfig").Integer("ForceRotate") ?? 0;
}
