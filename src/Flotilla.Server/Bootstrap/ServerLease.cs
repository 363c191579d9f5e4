using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Client.Joining;
using Flotilla.Server.Membership;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Bootstrap;

/// <summary>
/// The lease by which a cluster knows its API servers: one each, named after the server, renewed while it runs; an annotation
/// says where it answers. Those of servers that are gone for good are taken away.
/// </summary>
internal sealed class ServerLease(BuiltInObjects objects, ObjectStore store, ApiServerOptions options, TimeProvider time)
{
    private const long DurationSeconds = 3600;

    // As upstream makes it: 16 bytes of a hash of the host name, in base 32.
    private readonly string name = "apiserver-" + Base32(SHA256.HashData(Encoding.UTF8.GetBytes(options.ServerName))[..16]);
    private readonly string holder = Guid.NewGuid().ToString();

    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        var key = new ObjectKey(ServerLeases.Namespace, name);
        if (await objects.FindAsync(CoordinationKinds.Lease, key, cancellationToken) is null)
        {
            await objects.EnsureAsync(CoordinationKinds.Lease, ServerLeases.Namespace, Wanted(), cancellationToken);
            return;
        }

        await objects.ChangeAsync(
            CoordinationKinds.Lease,
            key,
            current =>
            {
                var spec = current.Child("spec");
                spec["holderIdentity"] = $"{name}_{holder}";
                spec["renewTime"] = Now();
                current.Child("metadata").Child("annotations")[ServerLeases.AuthorityAnnotation] = Authority;
                return current;
            },
            cancellationToken);
    }

    /// <summary>Deletes the leases that nobody has renewed for as long as they last.</summary>
    public async Task CollectAsync(CancellationToken cancellationToken)
    {
        var leases = await store.Store.ListAsync($"{CoordinationKinds.Lease.StoragePrefix}{ServerLeases.Namespace}/apiserver-", null, 0, null, cancellationToken);
        foreach (var entry in leases.Entries)
        {
            var lease = ObjectStore.Decode(CoordinationKinds.Lease, entry.Value, entry.Modified);
            if (IsOver(lease))
            {
                await objects.DeleteAsync(CoordinationKinds.Lease, new ObjectKey(ServerLeases.Namespace, lease.Object("metadata").String("name")!), cancellationToken);
            }
        }
    }

    private bool IsOver(JsonObject lease) =>
        lease.Object("metadata").Object("labels").String(ServerLeases.Label) == ServerLeases.LabelValue
        && DateTimeOffset.TryParse(lease.Object("spec").String("renewTime"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var renewed)
        && renewed.AddSeconds(lease.Object("spec").Integer("leaseDurationSeconds") ?? DurationSeconds) < time.GetUtcNow();

    private JsonObject Wanted() => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { [ServerLeases.Label] = ServerLeases.LabelValue, [ServerLeases.NameLabel] = options.ServerName }, ["annotations"] = new JsonObject { [ServerLeases.AuthorityAnnotation] = Authority } },
        ["spec"] = new JsonObject { ["holderIdentity"] = $"{name}_{holder}", ["leaseDurationSeconds"] = DurationSeconds, ["renewTime"] = Now() },
    };

    private string Authority => options.AdvertisedAuthority;

    private string Now() => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private static string Base32(ReadOnlySpan<byte> bytes)
    {
        const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
        var text = new StringBuilder();
        var (buffer, bits) = (0, 0);
        foreach (var value in bytes)
        {
            (buffer, bits) = ((buffer << 8) | value, bits + 8);
            for (; bits >= 5; bits -= 5)
            {
                text.Append(Alphabet[(buffer >> (bits - 5)) & 31]);
            }

            buffer &= (1 << bits) - 1;
        }

        return bits > 0 ? text.Append(Alphabet[(buffer << (5 - bits)) & 31]).ToString() : text.ToString();
    }
}
