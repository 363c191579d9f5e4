using System.Text.Json.Serialization;

namespace Flotilla.Local;

/// <summary>Where the objects are: in a cluster of etcd that somebody else runs, in one that the servers run, or else in a file of this machine.</summary>
internal sealed record DatastoreSettings
{
    public IReadOnlyList<string> Endpoints { get; init; } = [];

    public string? CaFile { get; init; }

    public string? CertFile { get; init; }

    public string? KeyFile { get; init; }

    /// <summary>The servers run etcd themselves.</summary>
    public ManagedEtcdSettings? Etcd { get; init; }

    /// <summary>Whether other servers can share it.</summary>
    [JsonIgnore]
    public bool IsEtcd => Etcd is not null || Endpoints.Count > 0;

    /// <exception cref="UserError">An endpoint that is no URL, a file that is not there, or half of what belongs together.</exception>
    public void Validate()
    {
        Etcd?.Validate();
        if (Etcd is not null && Endpoints.Count > 0)
        {
            throw new UserError("--cluster-init runs an etcd of Flotilla's own and --datastore-endpoint names another; give one of the two.");
        }

        foreach (var endpoint in Endpoints)
        {
            if (!(Uri.TryCreate(endpoint, UriKind.Absolute, out var address) && address.Scheme is "https" or "http"))
            {
                throw new UserError($"--datastore-endpoint {endpoint} must be the URL of a member of etcd, like https://10.0.0.1:2379; separate several by commas.");
            }
        }

        foreach (var (flag, file) in new[] { ("--datastore-cafile", CaFile), ("--datastore-certfile", CertFile), ("--datastore-keyfile", KeyFile) })
        {
            if (file is not null && Endpoints.Count == 0)
            {
                throw new UserError($"{flag} needs --datastore-endpoint.");
            }

            if (file is not null && !File.Exists(file))
            {
                throw new UserError($"{flag} {file} does not exist.");
            }
        }

        if ((CertFile is null) != (KeyFile is null))
        {
            throw new UserError("--datastore-certfile and --datastore-keyfile go together: give both or neither.");
        }
    }
}
