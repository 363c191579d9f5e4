using Flotilla.Scheduler.Batching;
using Flotilla.Scheduler.Plugins;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>The rules in force for one profile, by extension point and in order.</summary>
public sealed class PluginSet
{
    private readonly IReadOnlyDictionary<string, int> weights;

    /// <param name="plugins">In order: the first that rejects a node gives the reason.</param>
    /// <param name="weights">Of score plugins by name, where they differ from the plugin's own.</param>
    /// <param name="isOn">Whether a plugin, by name, takes part at an extension point, by upstream's name; null for everywhere.</param>
    public PluginSet(IReadOnlyList<IPlugin> plugins, IReadOnlyDictionary<string, int>? weights = null, Func<string, string, bool>? isOn = null)
    {
        this.weights = weights ?? new Dictionary<string, int>(StringComparer.Ordinal);
        All = plugins;
        PreEnqueue = Of<IPreEnqueuePlugin>("preEnqueue", isOn);
        PreFilters = Of<IPreFilterPlugin>("preFilter", isOn);
        Filters = Of<IFilterPlugin>("filter", isOn);
        PostFilters = Of<IPostFilterPlugin>("postFilter", isOn);
        Scorers = [.. Of<IScorePlugin>("score", isOn).Select(plugin => (plugin, WeightOf(plugin))).Where(scorer => scorer.Item2 > 0)];
        LocalScorers = [.. Scorers.Where(scorer => scorer.Plugin is ILocalScorePlugin)];
        Signers = [.. Filters.OfType<ILocalFilterPlugin>().Union<ISigningPlugin>(LocalScorers.Select(scorer => (ISigningPlugin)scorer.Plugin))];
        Reservers = Of<IReservePlugin>("reserve", isOn);
        Permitters = Of<IPermitPlugin>("permit", isOn);
        PreBinders = Of<IPreBindPlugin>("preBind", isOn);
        Binders = Of<IBindPlugin>("bind", isOn);
        PostBinders = Of<IPostBindPlugin>("postBind", isOn);
    }

    public IReadOnlyList<IPlugin> All { get; }

    public IReadOnlyList<IPreEnqueuePlugin> PreEnqueue { get; }

    public IReadOnlyList<IPreFilterPlugin> PreFilters { get; }

    public IReadOnlyList<IFilterPlugin> Filters { get; }

    public IReadOnlyList<IPostFilterPlugin> PostFilters { get; }

    public IReadOnlyList<(IScorePlugin Plugin, int Weight)> Scorers { get; }

    /// <summary>Those of the scorers that look at one node alone.</summary>
    public IReadOnlyList<(IScorePlugin Plugin, int Weight)> LocalScorers { get; }

    /// <summary>Whose answers hold for all pods that they sign alike.</summary>
    public IReadOnlyList<ISigningPlugin> Signers { get; }

    public IReadOnlyList<IReservePlugin> Reservers { get; }

    public IReadOnlyList<IPermitPlugin> Permitters { get; }

    public IReadOnlyList<IPreBindPlugin> PreBinders { get; }

    public IReadOnlyList<IBindPlugin> Binders { get; }

    public IReadOnlyList<IPostBindPlugin> PostBinders { get; }

    public static PluginSet Default(PluginContext? context = null) => new(DefaultPlugins.All(context ?? PluginContext.Offline));

    private List<T> Of<T>(string point, Func<string, string, bool>? isOn)
        where T : IPlugin => [.. All.OfType<T>().Where(plugin => isOn?.Invoke(point, plugin.Name) ?? true)];

    private int WeightOf(IScorePlugin plugin) => weights.TryGetValue(plugin.Name, out var weight) ? weight : plugin.Weight;
}
