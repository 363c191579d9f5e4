using System.Numerics;
using System.Text;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Docker;
using Flotilla.Swarm.Cluster;
using k8s.Models;

namespace Flotilla.Swarm.Swarms;

/// <summary>
/// What lets a machine join and what unlocks a manager: a Secret of the control plane holds the secret parts; the
/// authority's digest that a token pins is worked out.
/// </summary>
internal sealed class SwarmTokens(IObjectClient client)
{
    public const string Worker = "worker";
    public const string Manager = "manager";
    public const string Unlock = "unlock";
    private const int DigestDigits = 50;

    private static readonly ObjectKey Key = new("kube-system", "flotilla-swarm");

    /// <summary>Finds the Secret, and nothing else.</summary>
    public static ListScope Scope => new(Key.Namespace, FieldSelector: $"metadata.name={Key.Name}");

    public static string Place => $"the Secret {Key.Namespace}/{Key.Name}";

    public static string TokenOf(TrustedAuthority authority, string secret) => $"SWMTKN-1-{DigestOf(authority)}-{secret}";

    /// <summary>The SHA-256 of the authority's certificate, in 50 digits of base 36.</summary>
    public static string DigestOf(TrustedAuthority authority) => SwarmId.Encode(new BigInteger(Convert.FromHexString(authority.Hash), isUnsigned: true, isBigEndian: true), DigestDigits);

    /// <summary>New ones for a new swarm.</summary>
    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        await DeleteAsync(cancellationToken);
        await client.CreateAsync(
            new V1Secret
            {
                ApiVersion = "v1",
                Kind = "Secret",
                Metadata = new V1ObjectMeta { Name = Key.Name, NamespaceProperty = Key.Namespace },
                Data = new Dictionary<string, byte[]> { [Worker] = Bytes(SwarmId.Secret()), [Manager] = Bytes(SwarmId.Secret()), [Unlock] = Bytes(UnlockKey.Create()) },
            },
            cancellationToken);
    }

    public async Task<string> ReadAsync(string which, CancellationToken cancellationToken) =>
        Encoding.ASCII.GetString((await client.GetAsync<V1Secret>(Key, cancellationToken)).Data[which]);

    public async Task RotateAsync(IEnumerable<string> which, CancellationToken cancellationToken)
    {
        var secret = await client.GetAsync<V1Secret>(Key, cancellationToken);
        var data = new Dictionary<string, byte[]>(secret.Data, StringComparer.Ordinal);
        foreach (var name in which)
        {
            data[name] = Bytes(name == Unlock ? UnlockKey.Create() : SwarmId.Secret());
        }

        await client.UpdateAsync(secret with { ApiVersion = "v1", Kind = "Secret", Data = data }, cancellationToken);
    }

    public async Task DeleteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await client.DeleteAsync<V1Secret>(Key, null, cancellationToken);
        }
        catch (ApiException absent) when (absent.IsNotFound)
        {
            // There is none.
        }
    }

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);
}
