using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Flotilla.Api;
using Flotilla.Client;
using k8s;
using k8s.Models;
using WatchEventType = Flotilla.Client.WatchEventType;

namespace Flotilla.Node.Tests;

/// <summary>The cluster's objects in memory, as far as a node agent needs them. Field selectors: metadata.name and spec.nodeName.</summary>
internal sealed class MemoryClient : IObjectClient
{
    private readonly Lock gate = new();
    private readonly Dictionary<(Type, ObjectKey), IKubernetesObject<V1ObjectMeta>> objects = [];
    private readonly List<(Type Kind, ListScope Scope, Channel<(WatchEventType Type, object Value)> Events)> watches = [];
    private long version;

    public ConcurrentQueue<Authenticationv1TokenRequest> Tokens { get; } = [];

    /// <summary>Exchanges by path: method and path.</summary>
    public ConcurrentQueue<string> Sent { get; } = [];

    /// <summary>What becomes of the next objects that are made, before any is.</summary>
    public ConcurrentQueue<Exception> FailuresToCome { get; } = [];

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public void Put<T>(T value)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        lock (gate)
        {
            value.Metadata.ResourceVersion = (++version).ToString(CultureInfo.InvariantCulture);
            value.Metadata.Uid ??= "uid-" + value.Metadata.Name;
            value = ObjectJson.Decode<T>(ObjectJson.Encode(value));
            var type = objects.ContainsKey((typeof(T), value.Key())) ? WatchEventType.Modified : WatchEventType.Added;
            objects[(typeof(T), value.Key())] = value;
            foreach (var watch in watches.Where(watch => watch.Kind == typeof(T) && Covers(watch.Scope, value)))
            {
                watch.Events.Writer.TryWrite((type, value));
            }
        }
    }

    public T? Find<T>(ObjectKey key)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        lock (gate)
        {
            return objects.GetValueOrDefault((typeof(T), key)) is T found ? ObjectJson.Decode<T>(ObjectJson.Encode(found)) : null;
        }
    }

    public IReadOnlyList<T> All<T>()
    {
        lock (gate)
        {
            return [.. objects.Values.OfType<T>()];
        }
    }

    public Task<T> GetAsync<T>(ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Task.FromResult(Find<T>(key) ?? throw Failure(404, "NotFound", $"{typeof(T).Name} {key} not found"));

    public Task<ObjectList<T>> ListAsync<T>(ListScope scope, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        lock (gate)
        {
            return Task.FromResult(new ObjectList<T>(
                [.. objects.Values.OfType<T>().Where(value => Covers(scope, value))], version.ToString(CultureInfo.InvariantCulture)));
        }
    }

    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ListScope scope, string resourceVersion, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var events = Channel.CreateBounded<(WatchEventType Type, object Value)>(1000);
        lock (gate)
        {
            foreach (var late in objects.Values.OfType<T>().Where(value => Covers(scope, value)
                && long.Parse(value.Metadata.ResourceVersion, CultureInfo.InvariantCulture) > long.Parse(resourceVersion, CultureInfo.InvariantCulture)))
            {
                events.Writer.TryWrite((WatchEventType.Modified, late));
            }
            watches.Add((typeof(T), scope, events));
        }
        await foreach (var (type, value) in events.Reader.ReadAllAsync(cancellationToken))
        {
            yield return new WatchEvent<T>(type, (T)value);
        }
    }

    public Task<T> CreateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (FailuresToCome.TryDequeue(out var failure))
        {
            throw failure;
        }

        lock (gate)
        {
            if (objects.ContainsKey((typeof(T), value.Key())))
            {
                throw Failure(409, "AlreadyExists", $"{value.Key()} already exists");
            }
            Put(value);
            return Task.FromResult(Find<T>(value.Key())!);
        }
    }

    public Task<T> UpdateAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        lock (gate)
        {
            if (Find<T>(value.Key()) is not { } present)
            {
                throw Failure(404, "NotFound", $"{value.Key()} not found");
            }
            if (value.Metadata.ResourceVersion is { } expected && expected != present.Metadata.ResourceVersion)
            {
                throw Failure(409, "Conflict", $"{value.Key()} has changed");
            }
            Put(value);
            return Task.FromResult(Find<T>(value.Key())!);
        }
    }

    public Task<T> UpdateStatusAsync<T>(T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => UpdateAsync(value, cancellationToken);

    public Task<T> PatchAsync<T>(ObjectKey key, Patch patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => throw new NotSupportedException();

    public Task DeleteAsync<T>(ObjectKey key, V1DeleteOptions? options, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        lock (gate)
        {
            if (!objects.Remove((typeof(T), key), out var gone))
            {
                throw Failure(404, "NotFound", $"{key} not found");
            }
            foreach (var watch in watches.Where(watch => watch.Kind == typeof(T) && Covers(watch.Scope, gone)))
            {
                watch.Events.Writer.TryWrite((WatchEventType.Deleted, gone));
            }
            return Task.CompletedTask;
        }
    }

    public Task<TAnswer> PostAsync<T, TBody, TAnswer>(ObjectKey key, string subresource, TBody body, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var request = (Authenticationv1TokenRequest)(object)body!;
        Tokens.Enqueue(request);
        request.Status = new V1TokenRequestStatus
        {
            Token = $"token-{Tokens.Count}",
            ExpirationTimestamp = Time.GetUtcNow().UtcDateTime.AddSeconds(request.Spec.ExpirationSeconds ?? 3600),
        };
        return Task.FromResult((TAnswer)(object)request);
    }

    public Task<byte[]> SendAsync(
        HttpMethod method, string pathAndQuery, string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        Sent.Enqueue($"{method} {Uri.UnescapeDataString(pathAndQuery)}");
        return Task.FromResult<byte[]>([]);
    }

    private static bool Covers(ListScope scope, IKubernetesObject<V1ObjectMeta> value) =>
        (scope.Namespace is null || scope.Namespace == value.Metadata.NamespaceProperty)
        && scope.FieldSelector?.Split('=', 2) switch
        {
            null => true,
            ["metadata.name", var name] => value.Metadata.Name == name,
            ["spec.nodeName", var node] => (value as V1Pod)?.Spec.NodeName == node,
            _ => throw new NotSupportedException(scope.FieldSelector),
        };

    public static ApiException Failure(int code, string reason, string message) =>
        new(new V1Status { Code = code, Reason = reason, Message = message });
}
