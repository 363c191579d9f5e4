using Flotilla.Api;
using Flotilla.Backups;
using Flotilla.Client;
using Flotilla.Composition;
using Flotilla.Local;
using Flotilla.Local.Nodes;
using Flotilla.Node.Joining;
using k8s.Models;

namespace Flotilla.Upgrades;

internal sealed record UpgradeResult(bool Succeeded, string Message);

/// <summary>
/// Everything of a cluster that runs on this machine goes over to another program. Whatever can be told to be wrong is
/// found before the old one ends. A backup is taken first; data that the new program made its own is put back when the old
/// one has to return.
/// </summary>
/// <param name="show">Hears of each step, with the time since the old program ended where one has.</param>
internal sealed class ClusterUpgrade(ClusterSettings settings, TimeSpan patience, Action<string, TimeSpan?> show)
{
    private readonly ProgramFolder programs = new(settings.DataDirectory);
    private readonly LocalNodes nodes = new(settings);

    /// <exception cref="UserError">Nothing was changed, or neither program runs.</exception>
    public async Task<UpgradeResult> RunAsync(FlotillaProgram program, CancellationToken cancellationToken)
    {
        if (settings.Agent is not null)
        {
            throw new UserError("This machine is a node only, and servers come first: then end 'flotilla agent' here and start it with the new program; containers go on meanwhile.");
        }

        using var alone = UpgradeJournal.Lock(settings.DataDirectory);
        if (UpgradeJournal.Load(settings.DataDirectory) is { } begun && await ResumeAsync(begun, cancellationToken) is { } returned)
        {
            show(returned.Message, null);
        }

        return await UpgradeAllAsync(program, cancellationToken);
    }

    /// <summary>Finishes what an upgrade left that was killed, or takes it back. Null: there is nothing to do.</summary>
    /// <exception cref="UserError">One is under way, or neither program runs.</exception>
    public async Task<UpgradeResult?> RecoverAsync(CancellationToken cancellationToken)
    {
        if (UpgradeJournal.Load(settings.DataDirectory) is not { } begun)
        {
            return null;
        }

        using var alone = UpgradeJournal.Lock(settings.DataDirectory);
        return await ResumeAsync(begun, cancellationToken) ?? await UpgradeAllAsync(new FlotillaProgram(begun.Wanted), cancellationToken);
    }

    /// <returns>Null: the new program serves, or the old one still does and nothing has happened.</returns>
    private async Task<UpgradeResult?> ResumeAsync(UpgradeJournal begun, CancellationToken cancellationToken)
    {
        var runs = new ServerProcess(settings).Find() is { } number ? FlotillaProgram.Of(number) : null;
        var why = runs is not null && runs.File != begun.Wanted[^1] ? null : await TakeoverOfServer().ResumeAsync(new FlotillaProgram(begun.Old), () => UndoAsync(begun), cancellationToken);
        UpgradeJournal.Forget(settings.DataDirectory);
        return why is null ? null : new UpgradeResult(false, $"An upgrade was interrupted, and the new program is not ready: {why}. Flotilla {begun.Before.Program} is back; no container was touched. The log is {settings.LogFile}.");
    }

    private async Task<UpgradeResult> UpgradeAllAsync(FlotillaProgram program, CancellationToken cancellationToken)
    {
        var old = Running(settings);
        var wanted = programs.Keep(program);
        var from = await old.VersionAsync(cancellationToken);
        var to = await wanted.VersionAsync(cancellationToken);
        new PausedCluster(settings).Resume();
        if (old.File != wanted.File && await UpgradeServerAsync(old, from, wanted, to, cancellationToken) is { } failed)
        {
            return failed;
        }

        var left = new Queue<ClusterSettings>(nodes.All.Where(node => nodes.Runs(node.NodeName) && Running(node).File != wanted.File));
        var count = (old.File == wanted.File ? 0 : 1) + left.Count;
        var last = settings;
        while (left.TryPeek(out var node))
        {
            // Who is locked serves nothing: another server that is too may be one too many, and a worker has nobody to tell that it is ready.
            if (IsLocked(last))
            {
                return new UpgradeResult(false, $"{UnlockAdvice(last)}, and run this again for {string.Join(", ", left.Select(other => other.NodeName))}. Those run on as before, and no container was touched.");
            }

            if (await UpgradeNodeAsync(node, Running(node), wanted, cancellationToken) is { } failure)
            {
                return failure;
            }

            last = left.Dequeue();
        }

        return new UpgradeResult(true, (count == 0 ? $"Flotilla {to} runs already." : $"Flotilla {to} has taken over; no container was touched.") + (IsLocked(last) ? $" {UnlockAdvice(last)}." : ""));
    }

    private static bool IsLocked(ClusterSettings part) => new StartupProgress(part.ProgressFile).Read() is [.., StartupProgress.Locked];

    private string UnlockAdvice(ClusterSettings part) =>
        $"The server {part.NodeName} is locked (autolock): unlock it with 'docker swarm unlock' after: eval $(flotilla docker-env{(part.NodeName == settings.NodeName ? "" : $" --node {part.NodeName}")})";

    private async Task<UpgradeResult?> UpgradeNodeAsync(ClusterSettings node, FlotillaProgram old, FlotillaProgram wanted, CancellationToken cancellationToken)
    {
        var takeover = new Takeover(node, nodes.NetnsOf(node).Prefix, patience, (_, _) => { });
        if (await takeover.RunAsync(old, wanted, _ => Task.CompletedTask, () => Task.CompletedTask, cancellationToken) is { } why)
        {
            return new UpgradeResult(false, $"Node {node.NodeName} is back at its program of before, for the new one did not get ready: {why}. The log is {node.LogFile}.");
        }

        show($"node {node.NodeName} is {(IsLocked(node) ? "locked" : "Ready")}", null);
        return null;
    }

    private async Task<UpgradeResult?> UpgradeServerAsync(FlotillaProgram old, ProgramVersion from, FlotillaProgram wanted, ProgramVersion to, CancellationToken cancellationToken)
    {
        await CheckAsync(from, to, cancellationToken);
        var backup = await TakeBackupAsync(cancellationToken);
        show($"backup taken: {backup}", null);
        var before = new DataStamp(from.DataVersion, from.Number);
        var journal = new UpgradeJournal(old.Words, wanted.Words, before, backup);
        journal.Save(settings.DataDirectory);
        var dataWasReplaced = false;
        var why = await TakeoverOfServer().RunAsync(old, wanted, StoppedAsync, async () => dataWasReplaced = await UndoAsync(journal), cancellationToken);
        UpgradeJournal.Forget(settings.DataDirectory);
        return why is null
            ? null
            : new UpgradeResult(
                false,
                $"Flotilla {to} did not get ready: {why}. {from} is back{(dataWasReplaced ? $", with the data of before ({journal.Backup})" : "")}; no container was touched. The log is {settings.LogFile}.");

        // With everything that was written until the old one ended: only data in another form would have to be put back.
        async Task StoppedAsync(CancellationToken stopping)
        {
            if (from.DataVersion != to.DataVersion)
            {
                journal = journal with { Backup = await TakeBackupAsync(stopping) };
                journal.Save(settings.DataDirectory);
            }
        }
    }

    private Takeover TakeoverOfServer() => new(settings, settings.LocalAddress is null ? [] : new NodeNetns(settings, settings).Prefix, patience, (step, since) => show(step, since));

    /// <summary>Whether the new program had made the data its own, and what was before is back.</summary>
    private async Task<bool> UndoAsync(UpgradeJournal journal)
    {
        if (DataStamp.Load(settings.DataDirectory).DataVersion == journal.Before.DataVersion)
        {
            return false;
        }

        await Restoring.ReturnAsync(journal.Backup, settings, CancellationToken.None);
        journal.Before.Save(settings.DataDirectory);
        return true;
    }

    private async Task CheckAsync(ProgramVersion from, ProgramVersion to, CancellationToken cancellationToken)
    {
        if (to.DataVersion < from.DataVersion)
        {
            throw new UserError($"Flotilla {to} knows data of version {to.DataVersion} at most and {from} writes {from.DataVersion}; to go back, restore a backup of that time with 'flotilla restore'.");
        }

        if (to.DataVersion > from.DataVersion && settings.Datastore.IsEtcd)
        {
            throw new UserError($"Flotilla {to} changes the form of the data, which in an etcd that servers share has no way back; stop the servers, take a backup and start them with the new program.");
        }

        foreach (var node in (await NodesAsync(cancellationToken)).Where(node => node.Metadata.Name != settings.NodeName && !nodes.Exists(node.Metadata.Name)))
        {
            if (VersionSkew.Problem(to.Served, node.Status.NodeInfo.KubeletVersion) is { } unfit)
            {
                throw new UserError($"Node {node.Metadata.Name} does not go with Flotilla {to}. {unfit}");
            }
        }
    }

    // A server that does not answer is a reason to upgrade it.
    private async Task<IEnumerable<V1Node>> NodesAsync(CancellationToken cancellationToken)
    {
        using var client = ControlPlane.AdminClient(settings);
        try
        {
            return (await client.ListAsync<V1Node>(ListScope.All, cancellationToken)).Items;
        }
        catch (Exception silent) when (silent is HttpRequestException or ApiException)
        {
            show($"the server does not tell its nodes, whose versions are not checked: {silent.Message}", null);
            return [];
        }
    }

    private async Task<string> TakeBackupAsync(CancellationToken cancellationToken)
    {
        using var state = await BackupSource.OpenAsync(settings, null, cancellationToken);
        return new BackupFolder(settings, TimeProvider.System).Take(state);
    }

    private static FlotillaProgram Running(ClusterSettings part)
    {
        var process = new ServerProcess(part);
        if (process.Find() is not { } number)
        {
            throw new UserError($"Nothing runs in {part.DataDirectory}; 'flotilla up' of the new program continues what is there.");
        }

        return process.IsDetached(number) && FlotillaProgram.Of(number) is { } program
            ? program
            : throw new UserError($"Process {number} runs in somebody's foreground; end it there and start it with the new program: containers go on meanwhile.");
    }
}
