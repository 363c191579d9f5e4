using System.Collections.Concurrent;
using Flotilla.Docker;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Containers;

/// <summary>All containers of this machine that docker has made: in memory, and a directory each.</summary>
internal sealed class ContainerStore(EngineOptions options)
{
    private readonly ConcurrentDictionary<string, Container> all = new(StringComparer.Ordinal);
    private readonly Lock names = new();

    public IReadOnlyCollection<Container> All => (IReadOnlyCollection<Container>)all.Values;

    public string DirectoryOf(string id) => Path.Combine(options.ContainerDirectory, id);

    /// <summary>What an earlier process has left.</summary>
    public void Load()
    {
        Directory.CreateDirectory(options.ContainerDirectory);
        foreach (var directory in Directory.EnumerateDirectories(options.ContainerDirectory))
        {
            if (RecordFile.Read<ContainerRecord>(Path.Combine(directory, "container.json")) is { } record)
            {
                all[record.Id] = new Container(record, directory);
            }
        }
    }

    /// <exception cref="DockerException">Another one has the name.</exception>
    public void Add(Container container)
    {
        lock (names)
        {
            Claim(container.Record.Name, null);
            all[container.Id] = container;
        }
    }

    public void Rename(Container container, string name)
    {
        lock (names)
        {
            Claim(name, container);
            container.Record.Name = name;
        }
    }

    public void Remove(Container container) => all.TryRemove(container.Id, out _);

    /// <exception cref="DockerException">None, or several.</exception>
    public Container Find(string word)
    {
        if (all.TryGetValue(word, out var exact))
        {
            return exact;
        }

        var name = word.TrimStart('/');
        if (all.Values.FirstOrDefault(container => container.Record.Name == name) is { } named)
        {
            return named;
        }

        var begun = word.Length == 0 ? [] : all.Values.Where(container => container.Id.StartsWith(word, StringComparison.Ordinal)).Take(2).ToList();
        return begun.Count switch
        {
            1 => begun[0],
            0 => throw new DockerException(404, $"No such container: {word}"),
            _ => throw new DockerException(400, $"Multiple IDs found with provided prefix: {word}"),
        };
    }

    /// <summary>null: it is none of docker's own.</summary>
    public Container? TryFind(string word)
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

    private void Claim(string name, Container? self)
    {
        if (all.Values.FirstOrDefault(other => other != self && other.Record.Name == name) is { } holder)
        {
            throw new DockerException(409, $"Conflict. The container name \"/{name}\" is already in use by container \"{holder.Id}\". You have to remove (or rename) that container to be able to reuse that name.");
        }
    }
}
