import { type Finding, found, ok } from '../finding.ts'
import { inWords, isSuccess } from '../heard.ts'
import { readModelList } from '../models.ts'
import type { Observed } from '../observed.ts'

/** The list of models, and whether there is one to ask. */
export function judgeModels({ models, model }: Observed): Finding[] {
  if (models === null) return []
  const list = isSuccess(models) ? readModelList(models) : null
  const names = list?.models.map(({ id }) => id) ?? []
  const finding = () => {
    if (list === null) return found('no-model-list', `GET /models ${inWords(models)}`)
    if (names.length === 0) return found('no-model-list', 'it lists no models')
    if (!list.isUsual) return found('odd-model-list', 'it lists models, but not under "data"')
    const isListed = model !== null && names.includes(model)
    return ok('models', isListed ? `${model} is listed` : `listed, but ${model} is not among them`)
  }
  return model === null ? [finding(), found('no-model', 'there is none to ask')] : [finding()]
}
