using System.Text;
using Flotilla.Controllers.BootstrapTokens;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.BootstrapTokens;

public sealed class BootstrapTokenCleanerTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new BootstrapTokenCleaner(context));

    public async ValueTask InitializeAsync() => await cluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Removes_a_token_when_its_time_is_over()
    {
        await AddAsync("past", "2025-12-31T23:59:00Z");
        await AddAsync("soon", "2026-01-01T01:00:00Z");
        await AddAsync("ever", null);
        await UntilLeftAsync("ever", "soon");
        cluster.Time.Advance(TimeSpan.FromHours(1));
        await UntilLeftAsync("ever");
    }

    private Task AddAsync(string name, string? expiration) => cluster.CreateAsync(new V1Secret
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "kube-system" },
        Type = "bootstrap.kubernetes.io/token",
        Data = expiration is null ? new Dictionary<string, byte[]>() : new Dictionary<string, byte[]> { ["expiration"] = Encoding.UTF8.GetBytes(expiration) },
    });

    private Task UntilLeftAsync(params string[] names) => cluster.UntilAsync(
        async () => (await cluster.ListAsync<V1Secret>("kube-system")).Select(secret => secret.Metadata.Name).Order(StringComparer.Ordinal).SequenceEqual(names, StringComparer.Ordinal),
        $"only {string.Join(", ", names)} left");
}
