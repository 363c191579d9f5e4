using System.Text.Json;
using System.Text.Json.Serialization;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Server.Identity;
using Flotilla.Storage.Etcd.Members;

namespace Flotilla.Joining;

/// <summary>All that a machine needs to be a server of a cluster, and what its servers must agree on.</summary>
/// <param name="Keys">The files of <see cref="ClusterKeys"/> by their names.</param>
internal sealed record ServerPackage(
    IReadOnlyDictionary<string, byte[]> Keys, string PodCidr, string ServiceCidr, string NetworkBackend, TimeSpan NodeGracePeriod, DatastorePackage Datastore)
{
    /// <param name="ticket">To the etcd that the servers run; null: somebody else runs it.</param>
    public static ServerPackage For(ClusterSettings settings, JoinTicket? ticket) => new(
        ClusterKeys.ReadOpen(settings), settings.PodCidr, settings.ServiceCidr, settings.NetworkBackend, settings.NodeGracePeriod, DatastorePackage.For(settings, ticket));

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, PackageJson.Default.ServerPackage);

    /// <exception cref="JsonException">It is none.</exception>
    public static ServerPackage FromJson(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize(json, PackageJson.Default.ServerPackage) ?? throw new JsonException("it holds no object");

    /// <summary>What the machine is told to be, as one of this cluster.</summary>
    /// <exception cref="UserError">It was told to be something that the cluster is not.</exception>
    public ClusterSettings ApplyTo(ClusterSettings here)
    {
        var usual = new ClusterSettings { RunDirectory = here.RunDirectory };
        Agree("--pod-cidr", here.PodCidr, usual.PodCidr, PodCidr);
        Agree("--service-cidr", here.ServiceCidr, usual.ServiceCidr, ServiceCidr);
        Agree("--network-backend", here.NetworkBackend, usual.NetworkBackend, NetworkBackend);
        Agree("--node-monitor-grace-period", here.NodeGracePeriod, usual.NodeGracePeriod, NodeGracePeriod);
        return Datastore.ApplyTo(here with { PodCidr = PodCidr, ServiceCidr = ServiceCidr, NetworkBackend = NetworkBackend, NodeGracePeriod = NodeGracePeriod });
    }

    private static void Agree<T>(string flag, T here, T usual, T there)
    {
        if (!Equals(here, usual) && !Equals(here, there))
        {
            throw new UserError($"{flag} is {there} in this cluster, and {here} cannot be; leave it out.");
        }
    }
}

/// <summary>How the cluster's etcd is reached: one that somebody else runs, with what its files hold, or a place in the servers' own.</summary>
internal sealed record DatastorePackage(IReadOnlyList<string> Endpoints, byte[]? Ca, byte[]? Certificate, byte[]? Key, JoinTicket? Ticket, IReadOnlyDictionary<string, byte[]> EtcdKeys)
{
    private const string CaFile = "datastore-ca.crt";
    private const string CertificateFile = "datastore-client.crt";
    private const string KeyFile = "datastore-client.key";

    public static DatastorePackage For(ClusterSettings settings, JoinTicket? ticket)
    {
        var store = settings.Datastore;
        var etcdKeys = ticket is null ? [] : EtcdIdentity.SharedFiles.ToDictionary(name => name, name => settings.Seal.Read(Path.Combine(ManagedEtcd.IdentityDirectory(settings), name)), StringComparer.Ordinal);
        return new DatastorePackage(store.Endpoints, Bytes(store.CaFile), Bytes(store.CertFile), Bytes(store.KeyFile), ticket, etcdKeys);
    }

    /// <summary>Beside the cluster's keys; what is not there has none.</summary>
    [JsonIgnore]
    public IEnumerable<KeyValuePair<string, byte[]>> Files =>
        new[] { (CaFile, Ca), (CertificateFile, Certificate), (KeyFile, Key) }.Where(file => file.Item2 is { Length: > 0 }).Select(file => KeyValuePair.Create(file.Item1, file.Item2!));

    public ClusterSettings ApplyTo(ClusterSettings here)
    {
        if (Ticket is not null)
        {
            return ManagedEtcd.Join(here, Ticket);
        }

        if (here.Datastore.Etcd is not null)
        {
            throw new UserError($"This cluster's etcd is run by somebody else ({string.Join(", ", Endpoints)}); leave out what begins with --etcd-.");
        }

        return here with
        {
            Datastore = new DatastoreSettings { Endpoints = Endpoints, CaFile = PathOf(Ca, CaFile, here), CertFile = PathOf(Certificate, CertificateFile, here), KeyFile = PathOf(Key, KeyFile, here) },
        };
    }

    private static string? PathOf(byte[]? content, string name, ClusterSettings here) => content is { Length: > 0 } ? Path.Combine(here.IdentityDirectory, name) : null;

    private static byte[]? Bytes(string? file) => file is null ? null : File.ReadAllBytes(file);
}

[JsonSerializable(typeof(ServerPackage))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class PackageJson : JsonSerializerContext;
