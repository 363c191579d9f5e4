using System.CommandLine;
using System.Globalization;
using Flotilla.Api;
using Flotilla.Client.Explanations;
using Flotilla.Composition;
using Flotilla.Local;
using Spectre.Console;

namespace Flotilla.Commands;

/// <summary>Why a pod does not run: for every node what keeps it off and what would help. The exit code is 0 when it could be told.</summary>
internal static class WhyCommand
{
    private const int NodesOneByOne = 30;
    private const int RedirectedWidth = 240;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    public static Command Create() => new("why", "Tell why something is not as it was asked for.") { Pod() };

    private static Command Pod()
    {
        var name = new Argument<string>("NAME") { Description = "The pod." };
        var space = new Option<string>("--namespace", "-n") { Description = "Its namespace.", DefaultValueFactory = _ => "default" };
        var json = new Option<bool>("--json") { Description = "As the API answers." };
        var command = new Command("pod", "Tell why a pod has no node, or does not run on the one it has.") { name, space, json };
        var flags = ClusterFlags.Find(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(
            flags.ReadServer(parsed), new ObjectKey(parsed.GetValue(space), parsed.GetValue(name)!), parsed.GetValue(json), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ClusterSettings settings, ObjectKey pod, bool json, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(Timeout);
        using var client = ControlPlane.AdminClient(settings);
        byte[] body;
        try
        {
            var path = $"/api/v1/namespaces/{Uri.EscapeDataString(pod.Namespace!)}/pods/{Uri.EscapeDataString(pod.Name)}/why";
            body = await client.SendAsync(HttpMethod.Get, path, null, default, bounded.Token);
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            throw new UserError($"There is no pod '{pod.Name}' in namespace '{pod.Namespace}'; 'kubectl get pods -A' lists all, -n says the namespace.");
        }
        catch (ApiException refused)
        {
            throw new UserError(refused.Message);
        }
        catch (Exception failure) when (failure is HttpRequestException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new UserError($"The cluster does not answer at {ControlPlane.ServerUrl(settings)}; is it up? (flotilla status)");
        }

        if (json)
        {
            await using var output = Console.OpenStandardOutput();
            await output.WriteAsync(body, cancellationToken);
            return 0;
        }

        Show(ObjectJson.Decode<PodExplanation>(body));
        return 0;
    }

    private static void Show(PodExplanation why)
    {
        if (Console.IsOutputRedirected)
        {
            // Nobody's window is the limit then.
            AnsiConsole.Profile.Width = RedirectedWidth;
        }

        AnsiConsole.MarkupLine($"[bold]{why.Namespace.EscapeMarkup()}/{why.Name.EscapeMarkup()}[/] is {why.Phase.EscapeMarkup()}. {why.Summary.EscapeMarkup()}");
        if (why.Nodes.Count > 0)
        {
            AnsiConsole.WriteLine();
            AnsiConsole.Write(why.Nodes.Count <= NodesOneByOne ? ByNode(why.Nodes) : ByReason(why.Nodes));
        }

        if (why.Causes.Count > 0)
        {
            AnsiConsole.WriteLine();
            var table = NewTable("WHAT", "REASON", "MESSAGE");
            foreach (var cause in why.Causes)
            {
                table.AddRow(cause.What.EscapeMarkup(), cause.Reason.EscapeMarkup(), cause.Message.EscapeMarkup());
            }

            AnsiConsole.Write(table);
        }
    }

    private static Table ByNode(IReadOnlyList<NodeExplanation> nodes)
    {
        var table = NewTable("NODE", "PLUGIN", "WHY NOT", "WHAT WOULD HELP");
        foreach (var node in nodes)
        {
            table.AddRow(node.Name.EscapeMarkup(), (node.Plugin ?? "").EscapeMarkup(), node.Fits ? "[green]fits[/]" : string.Join(", ", node.Reasons).EscapeMarkup(), (node.Remedy ?? "").EscapeMarkup());
        }

        return table;
    }

    private static Table ByReason(IReadOnlyList<NodeExplanation> nodes)
    {
        var table = NewTable("NODES", "PLUGIN", "WHY NOT", "WHAT WOULD HELP, FOR EXAMPLE");
        foreach (var group in nodes.GroupBy(node => (node.Plugin, string.Join(", ", node.Reasons))).OrderByDescending(group => group.Count()))
        {
            var example = group.FirstOrDefault(node => node.Remedy is not null) ?? group.First();
            table.AddRow(
                group.Count().ToString(CultureInfo.InvariantCulture),
                (group.Key.Plugin ?? "").EscapeMarkup(),
                group.Key.Plugin is null ? "[green]fits[/]" : group.Key.Item2.EscapeMarkup(),
                (example.Remedy is null ? "" : $"{example.Name}: {example.Remedy}").EscapeMarkup());
        }

        return table;
    }

    private static Table NewTable(params string[] columns)
    {
        var table = new Table { Border = TableBorder.None };
        table.AddColumns(columns);
        return table;
    }
}
