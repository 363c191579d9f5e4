using System.Collections.Concurrent;
using System.Net;
using Flotilla.Docker;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Networks;

/// <summary>The networks of this machine: a file each, and the three that every machine has.</summary>
internal sealed class NetworkStore(EngineOptions options)
{
    private readonly ConcurrentDictionary<string, NetworkRecord> all = new(StringComparer.Ordinal);

    public IReadOnlyCollection<NetworkRecord> All => (IReadOnlyCollection<NetworkRecord>)all.Values;

    private string Directory => Path.Combine(options.DataDirectory, "networks");

    public void Load(IReadOnlyCollection<IPNetwork> inUse, DateTime now)
    {
        System.IO.Directory.CreateDirectory(Directory);
        foreach (var file in System.IO.Directory.EnumerateFiles(Directory, "*.json"))
        {
            if (RecordFile.Read<NetworkRecord>(file) is { } record)
            {
                all[record.Id] = record;
            }
        }

        AddBuiltIn(BuiltInNetworks.Host, "host", now);
        AddBuiltIn(BuiltInNetworks.None, "null", now);
        if (!all.ContainsKey(BuiltInNetworks.IdOf(BuiltInNetworks.Bridge)))
        {
            var subnet = AddressPool.NextSubnet([.. inUse, .. Taken()]) ?? throw new InvalidOperationException("No private network is free for the containers of docker run.");
            Add(new NetworkRecord
            {
                Id = BuiltInNetworks.IdOf(BuiltInNetworks.Bridge),
                Name = BuiltInNetworks.Bridge,
                Driver = "bridge",
                Created = now,
                Subnet = subnet.ToString(),
                Gateway = AddressPool.At(subnet, 1).ToString(),
                Bridge = options.LinkPrefix + "docker0",
            });
        }
    }

    public IEnumerable<IPNetwork> Taken() => all.Values.Where(network => network.Subnet.Length > 0).Select(network => network.Range);

    public void Add(NetworkRecord record)
    {
        RecordFile.Write(Path.Combine(Directory, record.Id + ".json"), record);
        all[record.Id] = record;
    }

    public void Remove(NetworkRecord record)
    {
        File.Delete(Path.Combine(Directory, record.Id + ".json"));
        all.TryRemove(record.Id, out _);
    }

    /// <exception cref="DockerException">There is no such network of this machine.</exception>
    public NetworkRecord Find(string word) => Lookup.Find("network", word, All, network => network.Id, network => network.Name);

    /// <summary>null: it was removed, or never was.</summary>
    public NetworkRecord? TryFind(string word)
    {
        try
        {
            return Find(word);
        }
        catch (DockerException missing) when (missing.Code == 404)
        {
            return null;
        }
    }

    private void AddBuiltIn(string name, string driver, DateTime now) =>
        all.TryAdd(BuiltInNetworks.IdOf(name), new NetworkRecord { Id = BuiltInNetworks.IdOf(name), Name = name, Driver = driver, Created = now });
}
