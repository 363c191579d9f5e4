using System.Globalization;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Storage;
using Flotilla.Storage.Etcd.Members;
using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;

namespace Flotilla.Commands;

/// <summary>The members of etcd, asked directly: what is wrong with them is why servers do not answer.</summary>
internal static class EtcdStatus
{
    /// <summary>Adds a row for each member, and one that says what is wrong.</summary>
    /// <returns>Whether all are well.</returns>
    public static async Task<bool> AddAsync(Table table, ClusterSettings settings, CancellationToken cancellationToken)
    {
        using var cluster = ManagedEtcd.ClusterFor(settings, TimeProvider.System, NullLoggerFactory.Instance);
        try
        {
            var report = await cluster.ListAsync(cancellationToken);
            foreach (var member in report.Members)
            {
                table.AddRow($"etcd {member.Title}".EscapeMarkup(), Describe(member, settings.Datastore.Etcd!.QuotaMebibytes));
            }

            if (report.Problem is { } problem)
            {
                table.AddRow("", $"[red]{problem.EscapeMarkup()}[/]");
            }

            return report.Problem is null;
        }
        catch (StorageException silent)
        {
            table.AddRow("etcd", $"[red]{silent.Message.EscapeMarkup()}[/]");
            return false;
        }
    }

    private static string Describe(EtcdMember member, int quotaMebibytes)
    {
        var role = member.IsLearner ? "learner" : member.IsLeader ? "leader" : "member";
        return member.Status is { } status
            ? string.Create(CultureInfo.InvariantCulture, $"{(member.IsHealthy ? $"[green]{role}[/]" : $"{role}, [red]{member.Problem!.EscapeMarkup()}[/]")}, {Mebibytes(status.DatabaseBytes)} of {quotaMebibytes} MiB, {Mebibytes(status.BytesInUse)} in use")
            : $"{role}, [red]{member.Problem!.EscapeMarkup()}[/]";
    }

    private static string Mebibytes(long bytes) => (bytes / (1024.0 * 1024)).ToString("0.#", CultureInfo.InvariantCulture);
}
